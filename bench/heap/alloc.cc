// The arena's allocator beside the two that programs use: mimalloc, which is the goal's measure,
// and the C library's.

#include "bench/heap/alloc.h"

#include <array>
#include <atomic>
#include <map>
#include <memory_resource>
#include <string>
#include <thread>

#include "bench/heap/benchmarks.h"
#include "bench/heap/two_threads.h"
#include "measure/clock.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

// --- The work. Each gives nanoseconds for one allocation and its free: the median of `batches`,
// each short enough that most are left alone by other programs.

// As for the nodes of a container that is filled and cleared.
double fill_and_empty(const Allocator& with, int batches) {
  std::vector<void*> blocks(10'000);
  return median_of_batches(batches, [&] {
    return measure::nanoseconds_for([&] {
             for (void*& block : blocks) block = with.allocate(48);
             for (void* block : blocks) with.deallocate(block);
           }) /
           static_cast<double>(blocks.size());
  });
}

// As for temporaries: the block freed last is the next one out. Stacks of 1 to 32 blocks.
double stack(const Allocator& with, int batches) {
  std::array<void*, 32> blocks{};
  Random random(1);
  return median_of_batches(batches, [&] {
    std::uint64_t count = 0;
    const double ns = measure::nanoseconds_for([&] {
      for (int i = 0; i < 500; ++i) {
        const std::size_t depth = 1 + random.below(blocks.size());
        for (std::size_t k = 0; k < depth; ++k) blocks[k] = with.allocate(64);
        for (std::size_t k = depth; k-- > 0;) with.deallocate(blocks[k]);
        count += depth;
      }
    });
    return ns / static_cast<double>(count);
  });
}

// After Larson and Krishnan: of a set of live blocks a random one is replaced by one of a random
// size, and written to.
template <class Size>
double replace(const Allocator& with, int batches, std::size_t live, std::uint32_t seed,
               Size size) {
  constexpr int kTimes = 10'000;
  Random random(seed);
  const auto allocate = [&] {
    const std::size_t bytes = size(random);
    auto* block = static_cast<char*>(with.allocate(bytes));
    block[0] = block[bytes - 1] = 1;
    return block;
  };
  std::vector<char*> blocks(live);
  for (char*& block : blocks) block = allocate();
  const double ns = median_of_batches(batches, [&] {
    return measure::nanoseconds_for([&] {
             for (int i = 0; i < kTimes; ++i) {
               char*& block = blocks[random.below(live)];
               with.deallocate(block);
               block = allocate();
             }
           }) /
           kTimes;
  });
  for (char* block : blocks) with.deallocate(block);
  return ns;
}

std::size_t up_to_a_kibibyte(Random& random) { return 16 + random.below(1000); }
// Mostly short, at times up to 256 KiB.
std::size_t of_many_sizes(Random& random) {
  return 16 + (random.below(1u << 18) >> random.below(14));
}

// Buffers that grow by half, from 16 bytes to a mebibyte, four at a time.
double grow(const Allocator& with, int batches) {
  return median_of_batches(batches, [&] {
    std::uint64_t count = 0;
    const double ns = measure::nanoseconds_for([&] {
      std::array<void*, 4> buffers{};
      for (std::size_t bytes = 16; bytes < (1u << 20); bytes += bytes / 2) {
        for (void*& buffer : buffers) {
          buffer = with.reallocate(buffer, bytes);
          static_cast<char*>(buffer)[bytes - 1] = 1;
          ++count;
        }
      }
      for (void* buffer : buffers) with.deallocate(buffer);
    });
    return ns / static_cast<double>(count);
  });
}

class CalledResource final : public std::pmr::memory_resource {
 public:
  explicit CalledResource(const Allocator& with) : with_(with) {}

 private:
  void* do_allocate(std::size_t bytes, std::size_t /*alignment*/) override {
    return with_.allocate(bytes);
  }
  void do_deallocate(void* block, std::size_t /*bytes*/, std::size_t /*alignment*/) override {
    with_.deallocate(block);
  }
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }

  const Allocator& with_;
};

double map_churn(const Allocator& with, int batches) {
  constexpr int kTimes = 2'000;
  CalledResource resource(with);
  std::pmr::map<std::uint32_t, std::uint64_t> map(&resource);
  Random random(1);
  const auto key = [&] { return static_cast<std::uint32_t>(random.below(20'000)); };
  for (int i = 0; i < 10'000; ++i) map[key()] = 1;
  return median_of_batches(batches, [&] {
    return measure::nanoseconds_for([&] {
             for (int i = 0; i < kTimes; ++i) {
               map[key()] = 1;
               map.erase(key());
             }
           }) /
           kTimes;
  });
}

// --- Two threads, on two processors where there are as many.

// Blocks of 64 bytes go from the thread that allocates to the one that frees, in batches through a
// ring.
class Ring {
 public:
  static constexpr std::size_t kBatch = 64;
  using Batch = std::array<void*, kBatch>;

  void push(const Batch& batch) {
    const std::size_t at = written_.load(std::memory_order_relaxed);
    while (at - read_.load(std::memory_order_acquire) == batches_.size()) std::this_thread::yield();
    batches_[at % batches_.size()] = batch;
    written_.store(at + 1, std::memory_order_release);
  }
  Batch pop() {
    const std::size_t at = read_.load(std::memory_order_relaxed);
    while (written_.load(std::memory_order_acquire) == at) std::this_thread::yield();
    const Batch batch = batches_[at % batches_.size()];
    read_.store(at + 1, std::memory_order_release);
    return batch;
  }

 private:
  std::array<Batch, 64> batches_{};
  alignas(64) std::atomic<std::size_t> written_{0};
  alignas(64) std::atomic<std::size_t> read_{0};
};

double hand_over(const Allocator& with, int rounds) {
  return median_of_batches(rounds, [&] {
    constexpr int kBatches = 2'000;
    Ring ring;
    std::jthread consumer([&] {
      const measure::OnProcessor there(1);
      for (int i = 0; i < kBatches; ++i) {
        for (void* block : ring.pop()) with.deallocate(block);
      }
    });
    const measure::OnProcessor here(0);
    return measure::nanoseconds_for([&] {
             Ring::Batch batch;
             for (int i = 0; i < kBatches; ++i) {
               for (void*& block : batch) {
                 block = with.allocate(64);
                 *static_cast<char*>(block) = 1;
               }
               ring.push(batch);
             }
             consumer.join();
           }) /
           (kBatches * static_cast<double>(Ring::kBatch));
  });
}

double side_by_side(const Allocator& with, int batches) {
  return two_at_once(
      [&](unsigned self) { return replace(with, batches, 1000, self + 1, up_to_a_kibibyte); });
}

}  // namespace

std::vector<Benchmark> alloc_benchmarks() {
  const auto replacing = [](std::size_t live, auto size) {
    return
        [=](const Allocator& with, int batches) { return replace(with, batches, live, 1, size); };
  };
  std::vector<Benchmark> all{
      alloc_benchmark("alloc/fill", "10,000 blocks of 48 bytes allocated, then freed", 200,
                      fill_and_empty),
      alloc_benchmark("alloc/stack", "1 to 32 blocks of 64 bytes, the last one freed first", 500,
                      stack),
      alloc_benchmark("alloc/replace-1k",
                      "one of 1,000 blocks freed, one of a random size allocated", 200,
                      replacing(1000, up_to_a_kibibyte)),
      alloc_benchmark("alloc/replace-20k", "the same among 20,000", 200,
                      replacing(20'000, up_to_a_kibibyte)),
      alloc_benchmark("alloc/many-sizes", "the same among 1,000 of 16 bytes to 256 KiB", 100,
                      replacing(1000, of_many_sizes)),
      alloc_benchmark("alloc/grow", "buffers that grow by half up to 1 MiB, a step", 200, grow),
      alloc_benchmark("alloc/map", "std::pmr::map: one key in, one out", 200, map_churn),
      alloc_benchmark("alloc/hand-over", "blocks allocated in one thread, freed in another", 20,
                      hand_over),
      alloc_benchmark("alloc/side-by-side", "alloc/replace-1k in two threads", 200, side_by_side),
  };
  for (auto& benchmark : alloc_known_benchmarks()) all.push_back(std::move(benchmark));
  for (auto& benchmark : alloc_pages_benchmarks()) all.push_back(std::move(benchmark));
  return all;
}

}  // namespace cleave::bench
