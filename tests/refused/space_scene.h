// Spaces and rings under a kernel that refuses one call.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/file.h>
#include <cleave/ring.h>
#include <cleave/space.h>

#include "tests/refused/scene.h"

namespace cleave::detail {

/// Forks, writes on both sides, goes back.
inline void play_a_space(Scene& scene, Pool& pool) {
  using namespace literals;
  Space parent = scene.attempt("Space::create", [&] { return Space::create(pool); });
  const Address at = scene.attempt("map", [&] { return parent.map(4_MiB); });
  Accessor ours = scene.attempt("accessor", [&] { return parent.accessor(); });
  const auto put = [&](Accessor& accessor, std::uint64_t page, int value) {
    scene.attempt("store", [&] { return accessor.store(at + page * kPageSize, value); });
  };
  const auto look = [&](Accessor& accessor, std::uint64_t page, int value) {
    const int seen =
        scene.attempt("load", [&] { return accessor.load<int>(at + page * kPageSize); });
    Scene::expect(seen == value, "page " + std::to_string(page) + " holds another value");
  };
  for (std::uint64_t page = 0; page < 300; ++page) put(ours, page, 1);
  const Snapshot moment = scene.attempt("snapshot", [&] { return parent.snapshot(); });
  for (int round = 2; round < 40; ++round) {  // until writers enter without a fence
    Space child = scene.attempt("fork", [&] { return parent.fork(); });
    Accessor theirs = scene.attempt("accessor", [&] { return child.accessor(); });
    put(theirs, 1, -round);
    for (int again = 0; again < 300; ++again) put(ours, 1, round);
    look(theirs, 1, -round);
    look(ours, 1, round);
  }
  Pin pin = scene.attempt("pin", [&] { return parent.pin(at, 3 * kPageSize, PinAccess::write); });
  const Hold hold = scene.attempt("hold", [&] { return parent.hold(at, kPageSize); });
  put(ours, 0, 7);
  pin.release();
  scene.attempt("discard", [&] { return parent.discard(at + 100 * kPageSize, 100 * kPageSize); });
  look(ours, 150, 0);
  scene.attempt("rollback", [&] { return parent.rollback(moment); });
  for (std::uint64_t page = 0; page < 300; ++page) look(ours, page, 1);
  scene.attempt("unmap", [&] { return parent.unmap(at, 1_MiB); });
  look(ours, 256, 1);
}

/// Out to a file, and in again.
inline void play_a_ring(Scene& scene, Pool& pool, const char* path) {
  using namespace literals;
  constexpr std::size_t kBytes = 3 << 20;
  Ring ring = scene.attempt("Ring::create", [&] { return Ring::create(pool, {.block = 1_MiB}); });
  const File file = scene.attempt("open_file", [&] { return open_file(path, OpenMode::update); });
  Space space = scene.attempt("Space::create", [&] { return Space::create(pool); });
  const Address at = scene.attempt("map", [&] { return space.map(8_MiB); });
  std::vector<std::byte> bytes(kBytes);
  for (std::size_t i = 0; i < kBytes; ++i) bytes[i] = static_cast<std::byte>(i * 7 + (i >> 12));
  scene.attempt("write", [&] { return space.write(at, bytes); });
  const ByteCount out = scene.attempt(
      "write_file", [&] { return write_file(ring, space, at, file.descriptor(), 0, kBytes); });
  Scene::expect(out == kBytes, "write_file() wrote less");
  const Address to = at + 4_MiB;
  const ByteCount in = scene.attempt(
      "read_file", [&] { return read_file(ring, space, to, file.descriptor(), 0, kBytes); });
  Scene::expect(in == kBytes, "read_file() read less");
  std::vector<std::byte> seen(kBytes);
  scene.attempt("read", [&] { return space.read(to, seen); });
  Scene::expect(seen == bytes, "the file gave other bytes");
  Scene::expect(ring.in_flight() == 0, "a transfer is left");
}

}  // namespace cleave::detail
