// What an access costs that finds its translation, against the same access to raw memory.

#include <cstring>
#include <span>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/detail/word.h>
#include <cleave/must.h>

#include "bench/space/benchmarks.h"
#include "bench/space/touched.h"
#include "measure/clock.h"

namespace cleave::bench {
namespace {

namespace sync = detail::sync;

// Eight pages, which stay in the first-level cache: what is measured is the way there. Each access
// goes to the next page and one word further, so that no page's translation is at hand from the
// access before.
constexpr std::uint64_t kBytes = 32 << 10;
constexpr std::uint64_t next(std::uint64_t offset) {
  return (offset + kPageSize + sizeof(std::uint64_t)) & (kBytes - 1);
}

constexpr std::uint64_t kBlock = 64 << 10;

struct Sides {
  Sides()
      : touched(Extent{kBlock}, 0),
        accessor(must(touched.space.accessor())),
        heap(Extent{kBlock}),
        raw_base(heap.touched_page(0)),
        other(Extent{kBlock}),
        block(other.touched_page(0), kBlock) {}

  TouchedSpace touched;
  Accessor accessor;
  TouchedHeap heap;
  std::byte* raw_base;
  TouchedHeap other;
  std::span<std::byte> block;  // what is read into and written from
};

// `ours` and `raw` take the place of an access and give what it read. The accesses do not depend on
// one another, as in most programs: it is throughput that is compared.
template <class Ours, class Raw>
std::vector<Row> words(const char* name, const Settings& settings, Ours ours, Raw raw) {
  Sides sides;
  const auto loop = [&](auto access) {
    constexpr int kTimes = 20'000;
    return median_of_batches(settings.quick ? 50 : 500, [&] {
      return measure::nanoseconds_for([&] {
               std::uint64_t sum = 0;
               std::uint64_t offset = 0;
               for (int i = 0; i < kTimes; ++i) {
                 sum += access(sides, offset);
                 offset = next(offset);
               }
               measure::keep(sum);
             }) /
             kTimes;
    });
  };
  auto [accessed, directly] = in_turn(
      settings.runs(), [&] { return loop(ours); }, [&] { return loop(raw); });

  const double more = accessed.median() - directly.median();
  Row row{.name = name,
          .unit = "ns",
          .ours = accessed,
          .baseline = "the same accesses to raw memory",
          .theirs = directly};
  row.goals.push_back({"at most 2 ns more", more <= 2});
  row.details["more_than_baseline"] = more;
  return {row};
}

std::vector<Row> load8(const Settings& settings) {
  return words(
      "access/load8", settings,
      [](Sides& sides, std::uint64_t offset) {
        return must(sides.accessor.load<std::uint64_t>(sides.touched.base + offset));
      },
      [](Sides& sides, std::uint64_t offset) {
        return sync::load_word<std::uint64_t>(sides.raw_base + offset);
      });
}

std::vector<Row> store8(const Settings& settings) {
  return words(
      "access/store8", settings,
      [](Sides& sides, std::uint64_t offset) {
        must(sides.accessor.store(sides.touched.base + offset, offset));
        return std::uint64_t{0};
      },
      [](Sides& sides, std::uint64_t offset) {
        sync::store_word(sides.raw_base + offset, offset);
        return std::uint64_t{0};
      });
}

// Sixteen pages at once, all in the second-level cache.
template <class Ours, class Raw>
std::vector<Row> blocks(const char* name, const Settings& settings, Ours ours, Raw raw) {
  Sides sides;
  const auto loop = [&](auto copy) {
    constexpr int kTimes = 20;
    return median_of_batches(settings.quick ? 100 : 1000, [&] {
      return measure::nanoseconds_for([&] {
               for (int i = 0; i < kTimes; ++i) {
                 copy(sides);
                 measure::keep(sides.block.data());
               }
             }) /
             kTimes;
    });
  };
  auto [accessed, directly] = in_turn(
      settings.runs(), [&] { return loop(ours); }, [&] { return loop(raw); });

  Row row{.name = name,
          .unit = "ns",
          .ours = accessed,
          .baseline = "memcpy of the same 64 KiB",
          .theirs = directly};
  row.goals.push_back({"0.9 of memcpy", row.ratio() >= 0.9});
  return {row};
}

std::vector<Row> read64k(const Settings& settings) {
  return blocks(
      "access/read64K", settings,
      [](Sides& sides) { must(sides.accessor.read(sides.touched.base, sides.block)); },
      [](Sides& sides) { std::memcpy(sides.block.data(), sides.raw_base, kBlock); });
}

std::vector<Row> write64k(const Settings& settings) {
  return blocks(
      "access/write64K", settings,
      [](Sides& sides) { must(sides.accessor.write(sides.touched.base, sides.block)); },
      [](Sides& sides) { std::memcpy(sides.raw_base, sides.block.data(), kBlock); });
}

}  // namespace

std::vector<Benchmark> access_benchmarks() {
  return {{"access/load8", "a load of 8 bytes through an accessor", load8},
          {"access/store8", "a store of 8 bytes through an accessor", store8},
          {"access/read64K", "64 KiB read through an accessor", read64k},
          {"access/write64K", "64 KiB written through an accessor", write64k}};
}

}  // namespace cleave::bench
