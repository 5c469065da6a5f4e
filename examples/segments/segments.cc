// A library that keeps state in variables of its own goes back in time, together with a heap: its
// .data and .bss become arenas that share the heap's history. What it keeps in a variable of a
// thread goes along as the commit's payload. Plays frames, goes back eight, plays them again, and
// compares each with what it was: with the heap alone, and with all of it.
#include <dlfcn.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <span>
#include <vector>

#include <cleave/arena.h>
#include <cleave/must.h>
#include <cleave/program/writable_segments.h>

#include "examples/segments/machine.h"

using namespace cleave;
using namespace cleave::literals;

namespace {

/// What the program knows of the library: it was not built with it.
struct Machine {
  void* library = dlopen(CLEAVE_MACHINE, RTLD_NOW);
  template <class Function>
  Function* find(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(library, name));
  }
  decltype(machine_start)* start = find<decltype(machine_start)>("machine_start");
  decltype(machine_frame)* frame = find<decltype(machine_frame)>("machine_frame");
  decltype(machine_picture)* picture = find<decltype(machine_picture)>("machine_picture");
  decltype(machine_thread_state)* thread_state =
      find<decltype(machine_thread_state)>("machine_thread_state");

  [[nodiscard]] std::span<std::byte> of_the_thread() const {
    std::size_t size = 0;
    void* const at = thread_state(&size);
    return {static_cast<std::byte*>(at), size};
  }
};

/// One arena for each segment, all of one history. They end before the library is unloaded.
std::vector<Arena> take_over_segments(const Pool& pool, const Machine& machine, const Arena& heap) {
  std::vector<std::span<std::byte>> segments;
  must(writable_segments(machine.library, [&](auto segment) { segments.push_back(segment); }));
  const ArenaOptions options{.tracking = heap.statistics().tracking, .joins = &heap};
  std::vector<Arena> taken;
  for (const auto segment : segments) {
    taken.push_back(must(Arena::take_over(pool, segment, options)));
  }
  return taken;
}

/// How many of the frames that were played again came out otherwise.
int wrong_frames(Arena& heap, const Machine& machine, bool with_thread) {
  constexpr int kBack = 8;
  constexpr int kFrames = 75 * kBack;
  int wrong = 0;
  for (int frame = 0; frame < kFrames; frame += kBack) {
    const Commit start = must(heap.commit({}, machine.of_the_thread()));
    std::array<unsigned long long, kBack> pictures{};
    for (auto& picture : pictures) {
      machine.frame();
      picture = machine.picture();
    }
    must(heap.checkout(start));
    if (with_thread) {
      const auto kept = start.payload();
      std::memcpy(machine.of_the_thread().data(), kept.data(), kept.size());
    }
    for (const auto picture : pictures) {
      machine.frame();
      wrong += machine.picture() == picture ? 0 : 1;
    }
  }
  std::printf("%3d of %d frames were wrong\n", wrong, kFrames);
  return wrong;
}

/// Whether the machine is right where, and only where, all of its state goes back.
bool play(const Pool& pool, const Machine& machine, Tracking tracking) {
  Arena heap = must(Arena::create(pool, 256_KiB, {.tracking = tracking}));
  machine.start(reinterpret_cast<unsigned char*>(heap.data()), heap.size().value);
  std::printf("By %s:\n  the heap alone:             ", name(tracking));
  const int alone = wrong_frames(heap, machine, false);
  const std::vector<Arena> segments = take_over_segments(pool, machine, heap);
  std::printf("  and the library's segments: ");
  const int without_thread = wrong_frames(heap, machine, false);
  std::printf("  and the thread's variable:  ");
  const int none = wrong_frames(heap, machine, true);
  return alone > 0 && without_thread > 0 && none == 0;
}

}  // namespace

int main() {
  const Machine machine;
  if (machine.library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const Pool pool = must(Pool::create(64_MiB));
  bool right = true;
  for (const Tracking tracking : trackings()) {
    // The library tells of no write, as `software` would need.
    if (tracking == Tracking::software || !try_tracking(tracking)) continue;
    right = play(pool, machine, tracking) && right;
  }
  return right ? 0 : 1;
}
