// The allocators that are compared, and what the comparisons share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "bench/harness/benchmark.h"

namespace cleave::bench {

/// All are called through pointers, so that none is inlined and none pays for more calls than
/// another.
struct Allocator {
  const char* name;
  void* (*allocate)(std::size_t);
  void (*deallocate)(void*);
  void* (*reallocate)(void*, std::size_t);
};

/// A heap of 4 GiB on plain memory, made at the first call.
const Allocator& our_heap();
const Allocator& glibc();
/// Nothing where libmimalloc.so.2 is not installed. Loaded apart: linked, it would replace malloc
/// for the whole program.
const std::optional<Allocator>& mimalloc();

/// A small generator, the same for all: its time is in every figure.
class Random {
 public:
  explicit Random(std::uint32_t seed) : state_(seed * 2'654'435'761u + 1) {}
  std::uint32_t operator()() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_;
  }
  std::size_t below(std::size_t n) { return std::uint64_t{(*this)()} * n >> 32; }

 private:
  std::uint32_t state_;
};

/// A row of ours beside mimalloc's and, among the details, the C library's; beside the latter where
/// there is no mimalloc, and then it says so.
template <class Measure>
Row beside_others(const Settings& settings, std::string name, std::string unit, Measure&& measure) {
  Row row{.name = std::move(name), .unit = std::move(unit)};
  const auto of = [&](const Allocator& allocator) { return [&] { return measure(allocator); }; };
  if (const auto& mi = mimalloc()) {
    auto [ours, theirs, c] = in_turn(settings.runs(), of(our_heap()), of(*mi), of(glibc()));
    row.ours = ours;
    row.baseline = mi->name;
    row.theirs = theirs;
    row.details[glibc().name] = c.median();
  } else {
    auto [ours, c] = in_turn(settings.runs(), of(our_heap()), of(glibc()));
    row.ours = ours;
    row.baseline = glibc().name;
    row.theirs = c;
    row.details["mimalloc"] = "not compared: libmimalloc.so.2 cannot be loaded";
  }
  return row;
}

/// `work` gives nanoseconds, as the median of so many batches.
template <class Work>
Benchmark alloc_benchmark(const char* name, const char* what, int batches, Work work) {
  return {name, what, [=](const Settings& settings) -> std::vector<Row> {
            const int count = settings.quick ? batches / 10 : batches;
            Row row = beside_others(settings, name, "ns",
                                    [&](const Allocator& with) { return work(with, count); });
            if (mimalloc()) {
              row.goals.push_back(
                  {"1.2 of mimalloc's time", row.ours.median() <= 1.2 * row.theirs.median()});
            }
            return {row};
          }};
}

std::vector<Benchmark> alloc_known_benchmarks();
std::vector<Benchmark> alloc_pages_benchmarks();

}  // namespace cleave::bench
