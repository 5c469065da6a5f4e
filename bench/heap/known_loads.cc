// The kinds of load that allocators are known to be tried with, written anew: a server whose
// threads hand their blocks on (after Larson and Krishnan), threads that free each other's blocks
// (after Lever and Boreham's xmalloc-test), blocks that share a line with another thread's (after
// the cache-scratch of Berger's Hoard), and sizes as rare as they are large (after glibc's own
// bench-malloc-thread).

#include <array>
#include <atomic>
#include <vector>

#include "bench/heap/alloc.h"
#include "bench/heap/benchmarks.h"
#include "bench/heap/two_threads.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

// What two threads take at once, on average.
template <class Work>
double time_two_at_once(Work work) {
  return two_at_once([&](unsigned self) { return measure::nanoseconds_for([&] { work(self); }); });
}

// Clients' blocks of 8 to 500 bytes: a thread replaces some at random, and then a new thread goes
// on with those that it leaves.
double hand_on(const Allocator& with, int rounds) {
  constexpr std::size_t kLive = 1000;
  constexpr int kTimes = 20'000;
  std::array<std::vector<void*>, 2> clients;
  std::array<Random, 2> random{Random(1), Random(2)};
  for (unsigned self = 0; self < 2; ++self) {
    for (std::size_t i = 0; i < kLive; ++i) {
      clients[self].push_back(with.allocate(8 + random[self].below(493)));
    }
  }
  const double ns = median_of_batches(rounds, [&] {
    return time_two_at_once([&](unsigned self) {
             for (int i = 0; i < kTimes; ++i) {
               void*& block = clients[self][random[self].below(kLive)];
               with.deallocate(block);
               block = with.allocate(8 + random[self].below(493));
               *static_cast<char*>(block) = 1;
             }
           }) /
           kTimes;
  });
  for (const auto& blocks : clients) {
    for (void* block : blocks) with.deallocate(block);
  }
  return ns;
}

// Each thread frees batches of blocks that whichever thread has left there, and leaves its own.
double exchange(const Allocator& with, int rounds) {
  constexpr int kBatches = 1'000;
  struct Batch {
    std::array<void*, 64> blocks;
  };
  return median_of_batches(rounds, [&] {
    std::array<std::atomic<Batch*>, 16> places{};
    const auto free_all = [&](Batch* batch) {
      if (batch == nullptr) return;
      for (void* block : batch->blocks) with.deallocate(block);
      with.deallocate(batch);
    };
    const double ns = time_two_at_once([&](unsigned self) {
      Random random(self + 1);
      for (int i = 0; i < kBatches; ++i) {
        auto* batch = static_cast<Batch*>(with.allocate(sizeof(Batch)));
        for (void*& block : batch->blocks) {
          block = with.allocate(64);
          *static_cast<char*>(block) = 1;
        }
        std::atomic<Batch*>& place = places[random.below(places.size())];
        free_all(place.exchange(batch, std::memory_order_acq_rel));
      }
    });
    for (auto& place : places) free_all(place.load());
    return ns / (kBatches * static_cast<double>(sizeof(Batch) / sizeof(void*)));
  });
}

// Each thread frees a block that it got from a thread that had its neighbour too, and then works in
// one of the same size: if that is on the line of the other thread's, each write waits for it.
double scratch(const Allocator& with, int rounds) {
  constexpr int kTimes = 200;
  constexpr int kWrites = 100;
  return median_of_batches(rounds, [&] {
    std::array<void*, 2> given{with.allocate(8), with.allocate(8)};
    return time_two_at_once([&](unsigned self) {
             with.deallocate(given[self]);
             for (int i = 0; i < kTimes; ++i) {
               auto* block = static_cast<volatile char*>(with.allocate(8));
               for (int k = 0; k < kWrites; ++k) block[k % 8] = static_cast<char>(block[k % 8] + 1);
               with.deallocate(const_cast<char*>(block));
             }
           }) /
           kTimes;
  });
}

// Sizes from 4 bytes to 32 KiB, each twice as large a fourth as often; a place among 1,000 is freed
// and filled again.
double power_law(const Allocator& with, int batches) {
  constexpr int kTimes = 10'000;
  Random random(1);
  const auto size = [&] { return (32u << 10) / (1 + random.below(8u << 10)); };
  std::vector<void*> blocks(1000);
  for (void*& block : blocks) block = with.allocate(size());
  const double ns = median_of_batches(batches, [&] {
    return measure::nanoseconds_for([&] {
             for (int i = 0; i < kTimes; ++i) {
               void*& block = blocks[random.below(blocks.size())];
               with.deallocate(block);
               block = with.allocate(size());
             }
           }) /
           kTimes;
  });
  for (void* block : blocks) with.deallocate(block);
  return ns;
}

}  // namespace

std::vector<Benchmark> alloc_known_benchmarks() {
  return {
      alloc_benchmark("alloc/larson", "blocks of 8 to 500 bytes, which new threads go on with", 30,
                      hand_on),
      alloc_benchmark("alloc/xmalloc", "two threads free batches of each other's", 30, exchange),
      alloc_benchmark("alloc/cache-scratch", "two threads' blocks that were neighbours", 50,
                      scratch),
      alloc_benchmark("alloc/bench-malloc", "sizes to 32 KiB, the larger the rarer", 200,
                      power_law)};
}

}  // namespace cleave::bench
