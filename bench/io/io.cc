// How fast files come into a space, and out of it, past the page cache.

#include <sys/uio.h>

#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <cleave/file.h>
#include <cleave/must.h>
#include <cleave/ring.h>

#include "bench/io/benchmarks.h"
#include "bench/io/disk_file.h"
#include "bench/space/touched.h"
#include "measure/clock.h"
#include "measure/kernel_ring.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

constexpr ByteCount kBlock = 128_KiB;
constexpr unsigned kDepth = 32;

enum class Direction { read, write };

double per_second(ByteCount bytes, double nanoseconds) {
  return static_cast<double>(bytes.value) / nanoseconds * 1e9;
}

double through_a_space(Ring& ring, TouchedSpace& touched, const DiskFile& file,
                       Direction direction) {
  const ByteCount size = touched.extent.mapped;
  return per_second(size, measure::nanoseconds_for([&] {
                      const int descriptor = file.descriptor();
                      const ByteCount done = must(
                          direction == Direction::read
                              ? read_file(ring, touched.space, touched.base, descriptor, 0, size)
                              : write_file(ring, touched.space, touched.base, descriptor, 0, size));
                      measure::must_hold(done == size, "short transfer");
                    }));
}

// What no library is in the way of: as many requests at once, on registered memory. If that is as
// large as the file, each block has a place of its own in it, as in a space; else the requests
// share it, as in fio.
class BareRequests {
 public:
  explicit BareRequests(ByteCount memory) : memory_(Extent{memory}), ring_(kDepth) {
    const iovec buffer{memory_.touched_page(0), memory.value};
    is_possible_ = ring_.register_buffers(std::span(&buffer, 1));
  }
  [[nodiscard]] bool is_possible() const { return is_possible_; }

  double measure(const DiskFile& file, Direction direction, ByteCount size) {
    if (!is_possible_) return 0;
    return per_second(size, measure::nanoseconds_for([&] { transfer(file, direction, size); }));
  }

 private:
  void transfer(const DiskFile& file, Direction direction, ByteCount size) {
    const bool is_shared = memory_.extent.mapped < size;
    std::uint64_t next = 0;
    const auto add = [&](std::uint64_t number) {
      if (next == size.value) return false;
      const std::uint64_t place = is_shared ? number * kBlock.value : next;
      ring_.add({.writes = direction == Direction::write,
                 .descriptor = file.descriptor(),
                 .memory = memory_.touched_page(0) + place,
                 .bytes = static_cast<std::uint32_t>(kBlock.value),
                 .offset = next,
                 .number = number});
      next += kBlock.value;
      return true;
    };
    unsigned at_work = 0;
    while (at_work < kDepth && add(at_work)) ++at_work;
    while (at_work != 0) {
      const measure::KernelRing::Done done = ring_.submit_and_wait();
      measure::must_hold(done.result == static_cast<std::int32_t>(kBlock.value),
                         "short transfer by a bare request");
      if (!add(done.number)) --at_work;
    }
  }

  TouchedHeap memory_;
  measure::KernelRing ring_;
  bool is_possible_;
};

// One request at a time.
double by_calls(const TouchedHeap& memory, const DiskFile& file, Direction direction,
                ByteCount size) {
  return per_second(size, measure::nanoseconds_for([&] {
                      for (std::uint64_t at = 0; at < size.value; at += kBlock.value) {
                        const iovec block{memory.touched_page(0), kBlock.value};
                        const auto offset = static_cast<off_t>(at);
                        const ssize_t done = direction == Direction::read
                                                 ? preadv(file.descriptor(), &block, 1, offset)
                                                 : pwritev(file.descriptor(), &block, 1, offset);
                        measure::must_hold(done == static_cast<ssize_t>(kBlock.value),
                                           "short transfer by the baseline");
                      }
                    }));
}

std::vector<Row> transfer(const char* name, Direction direction, const Settings& settings) {
  const ByteCount size = settings.quick ? 256_MiB : 1_GiB;
  const auto file = DiskFile::make(size);
  if (!file) {
    fmt::print(stderr, "{}: no folder for temporary files lies on a disk; TMPDIR can name one\n",
               name);
    return {};
  }
  const Fio fio{.what = direction == Direction::read ? "read" : "write",
                .block = kBlock,
                .depth = kDepth,
                .bytes = size};
  const bool has_fio = by_fio(*file, fio).has_value();
  TouchedSpace touched(Extent{size}, 1_MiB);
  auto ring = Ring::create(touched.pool, {.block = kBlock, .depth = kDepth});
  auto usual_ring = Ring::create(touched.pool);
  if (!ring || !usual_ring) {
    fmt::print(stderr, "{}: {}\n", name, (ring ? usual_ring : ring).error().message());
    return {};
  }
  BareRequests few_blocks(kBlock * kDepth);
  BareRequests all_blocks(size);
  const TouchedHeap one_block(Extent{kBlock});
  auto [ours, fios, few, all, usual, calls] = in_turn(
      settings.runs(), [&] { return through_a_space(*ring, touched, *file, direction); },
      [&] { return has_fio ? by_fio(*file, fio).value_or(0) : 0; },
      [&] { return few_blocks.measure(*file, direction, size); },
      [&] { return all_blocks.measure(*file, direction, size); },
      [&] { return through_a_space(*usual_ring, touched, *file, direction); },
      [&] { return by_calls(one_block, *file, direction, size); });

  std::vector<Row> rows;
  Row row{.name = name, .unit = "bytes/s", .ours = ours, .more_is_better = true};
  if (has_fio) {
    row.baseline = "fio, O_DIRECT by io_uring, the same blocks and depth";
    row.theirs = fios;
  } else if (few_blocks.is_possible()) {
    row.baseline = "bare io_uring, O_DIRECT, the same blocks and depth";
    row.theirs = few;
    row.details["note"] = "fio is not installed";
  } else {
    row.baseline = "preadv or pwritev, O_DIRECT, the same blocks one at a time";
    row.theirs = calls;
    row.details["note"] = "fio is not installed, and RLIMIT_MEMLOCK is too low for bare io_uring";
  }
  row.goals.push_back({"0.95 of it", row.ratio() >= 0.95});
  row.details["bytes"] = size.value;
  row.details["block_bytes"] = kBlock.value;
  row.details["depth"] = kDepth;
  row.details["registered_bytes"] = ring->registered().value;
  row.details["with_default_options"] = usual.median();
  row.details["one_at_a_time"] = calls.median();
  rows.push_back(row);
  if (!all_blocks.is_possible()) return rows;
  Row beside{.name = std::string(name) + "/same-memory",
             .unit = "bytes/s",
             .ours = ours,
             .baseline = "bare io_uring, the same blocks and depth, to as much memory",
             .theirs = all,
             .more_is_better = true};
  beside.goals.push_back({"0.95 of it", beside.ratio() >= 0.95});
  beside.details["bytes"] = size.value;
  rows.push_back(beside);
  return rows;
}

}  // namespace

std::vector<Benchmark> io_benchmarks() {
  const auto transferring = [](const char* name, const char* what, Direction direction) {
    return Benchmark{name, what,
                     [=](const Settings& settings) { return transfer(name, direction, settings); }};
  };
  return {transferring("io/read", "a file into a space, past the page cache", Direction::read),
          transferring("io/write", "a space into a file, past the page cache", Direction::write)};
}

}  // namespace cleave::bench
