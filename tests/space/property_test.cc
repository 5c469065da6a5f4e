// Random operations on a family of spaces, beside a reference that is too plain to be wrong.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "space/snapshot_state.h"
#include "space/validate.h"
#include "tests/space/on_a_space.h"
#include "tests/space/reference.h"
#include "tests/support/memory_backing.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

// Where pages may be: near the bottom, around the boundaries of wide nodes, and at the very end.
constexpr std::uint64_t kIslands[] = {0, 60, 4090, (std::uint64_t{1} << 24) - 3,
                                      raw(kPageLimit) - 12};
constexpr std::uint64_t kIslandPages = 12;

class Family {
 public:
  Family(Pool& pool, std::uint64_t seed) : pool_(pool), random_(seed) {
    spaces_.push_back({must(Space::create(pool)), {}, {}});
  }

  void step() {
    const auto kind = random_() % 100;
    auto& member = spaces_[random_() % spaces_.size()];
    const auto [first, end] = some_range();
    const Address at = at_page(first);
    const ByteCount size = pages_of(end - first);
    const auto protection =
        random_() % 3 == 0 ? static_cast<Protection>(random_() % 3) : Protection::read_write;
    if (kind < 14) {
      agree("map_at", member.real.map_at(at, size, protection),
            member.model.map(first, end, protection));
    } else if (kind < 17) {
      const auto mapped = member.real.map(size, protection);
      ASSERT_TRUE(holds(mapped));
      const auto page = raw(*mapped) / kPageSize;
      ASSERT_TRUE(member.model.map(page, page + (end - first), protection).good);
      agree("unmap", member.real.unmap(*mapped, size),
            member.model.unmap(page, page + (end - first)));
    } else if (kind < 22) {
      agree("unmap", member.real.unmap(at, size), member.model.unmap(first, end));
    } else if (kind < 28) {
      agree("protect", member.real.protect(at, size, protection),
            member.model.protect(first, end, protection));
    } else if (kind < 32) {
      agree("discard", member.real.discard(at, size), member.model.discard(first, end));
    } else if (kind < 62) {
      write(member, first, end);
    } else if (kind < 78) {
      read(member, first, end);
    } else if (kind < 84) {
      if (spaces_.size() < 8) {
        spaces_.push_back({must(member.real.fork()), member.model, {}});
      } else {
        spaces_.erase(spaces_.begin() + static_cast<std::ptrdiff_t>(random_() % spaces_.size()));
      }
    } else if (kind < 88) {
      if (snapshots_.size() >= 6) {
        snapshots_.erase(snapshots_.begin() + static_cast<std::ptrdiff_t>(random_() % 6));
      }
      snapshots_.push_back({must(member.real.snapshot()), member.model});
    } else if (kind < 91 && !snapshots_.empty()) {
      const auto& old = snapshots_[random_() % snapshots_.size()];
      ASSERT_TRUE(holds(member.real.rollback(old.real)));
      member.model = old.model;
    } else if (kind < 93 && !snapshots_.empty() && spaces_.size() < 8) {
      const auto& old = snapshots_[random_() % snapshots_.size()];
      spaces_.push_back({must(old.real.fork()), old.model, {}});
    } else if (kind < 95 && snapshots_.size() >= 2) {
      check_diff(snapshots_[random_() % snapshots_.size()],
                 snapshots_[random_() % snapshots_.size()]);
    } else if (kind < 98) {
      member.accessor.reset();
      if (random_() % 3 != 0) member.accessor.emplace(must(member.real.accessor()));
    } else if (kind < 99) {
      ASSERT_TRUE(holds(pool_.trim()));
    } else if (random_() % 2 == 0) {
      (void)pool_.evict(ByteCount{(random_() % 8) * kPageSize});
    } else {
      merge();
    }
  }

  [[nodiscard]] std::uint64_t merged() const { return merged_; }

  void check_all() {
    for (const auto& member : spaces_) compare(member.real, member.model);
    for (const auto& old : snapshots_) compare(old.real, old.model);
    expect_adds_up(pool_);
    std::uint64_t pages = 0;
    for (const auto& member : spaces_) pages += member.model.contents.size();
    for (const auto& old : snapshots_) pages += old.model.contents.size();
    EXPECT_LE(pool_.statistics().used, pages) << "more frames than all members have pages together";
    EXPECT_EQ(pool_.statistics().spaces, spaces_.size());
  }

  // After every step: what must be true whatever was done.
  void validate_all() {
    Recount recount(HandleAccess::state(pool_));
    for (auto& member : spaces_) {
      validate(HandleAccess::state(member.real), recount);
      if (member.accessor) validate(HandleAccess::state(*member.accessor), recount);
    }
    for (const auto& old : snapshots_) recount.add(HandleAccess::state(old.real).table);
    recount.compare();
    ASSERT_EQ(recount.wrong(), nullptr) << recount.wrong();
  }

 private:
  struct Living {
    Space real;
    Reference model;
    std::optional<Accessor> accessor;
  };
  struct Frozen {
    Snapshot real;
    Reference model;
  };

  std::pair<std::uint64_t, std::uint64_t> some_range() {
    const std::uint64_t island = kIslands[random_() % std::size(kIslands)];
    const std::uint64_t first = random_() % kIslandPages;
    const std::uint64_t end =
        first + 1 + random_() % std::min<std::uint64_t>(6, kIslandPages - first);
    return {island + first, island + end};
  }

  template <class T>
  static void agree(const char* what, const Result<T>& real, const Reference::Answer& model) {
    SCOPED_TRACE(what);
    if (model.good) {
      ASSERT_TRUE(holds(real));
    } else {
      ASSERT_TRUE(fails_at(real, model.code, model.where));
    }
  }

  std::pair<std::uint64_t, std::size_t> some_bytes(std::uint64_t first, std::uint64_t end) {
    const std::uint64_t from = first * kPageSize + random_() % kPageSize;
    const std::uint64_t most = end * kPageSize - from;
    return {from,
            random_() % 2 == 0 ? random_() % std::min<std::uint64_t>(most, 24) : random_() % most};
  }

  void write(Living& member, std::uint64_t first, std::uint64_t end) {
    const auto [from, size] = some_bytes(first, end);
    if (member.accessor && random_() % 3 == 0) {
      const std::uint64_t value = random_();
      Bytes word(8);
      std::memcpy(word.data(), &value, 8);
      const std::uint64_t at = from & ~std::uint64_t{7};
      agree("store", member.accessor->store<std::uint64_t>(Address{at}, value),
            member.model.write(at, word));
      return;
    }
    if (random_() % 4 == 0) {  // whole pages, of which many are equal
      const Bytes page = patterned(kPageSize, random_() % 2);
      for (std::uint64_t n = first; n < end; ++n) write(member, n * kPageSize, page);
    } else {
      write(member, from, patterned(size, random_()));
    }
  }

  static void write(Living& member, std::uint64_t at, const Bytes& bytes) {
    agree("write",
          member.accessor ? member.accessor->write(Address{at}, bytes)
                          : member.real.write(Address{at}, bytes),
          member.model.write(at, bytes));
  }

  // What has not changed since the last time; or for a second look.
  void merge() {
    for (auto looks = 1 + random_() % 2; looks != 0; --looks) {
      if (const auto report = pool_.merge(ByteCount{(random_() % 32) * kPageSize}))
        merged_ += report->merged;
    }
  }

  void read(Living& member, std::uint64_t first, std::uint64_t end) {
    const auto [from, size] = some_bytes(first, end);
    Bytes real(size);
    Bytes model(size);
    agree("read",
          member.accessor ? member.accessor->read(Address{from}, real)
                          : member.real.read(Address{from}, real),
          member.model.read(from, model));
    ASSERT_EQ(real, model) << "bytes from " << from;
  }

  // Every page whose bytes differ is reported; what is reported is present on one side at least.
  static void check_diff(const Frozen& a, const Frozen& b) {
    std::set<std::uint64_t> reported;
    for (const PageRange range : differences(a.real, b.real)) {
      for (auto p = raw(range.first); p < raw(range.end); ++p) reported.insert(p);
    }
    std::set<std::uint64_t> present;
    for (const auto* side : {&a, &b}) {
      for (const auto& [page, bytes] : side->model.contents) present.insert(page);
    }
    for (const auto page : reported) ASSERT_EQ(present.count(page), 1u) << "page " << page;
    for (const auto page : present) {
      const auto in_a = a.model.contents.find(page);
      const auto in_b = b.model.contents.find(page);
      const bool same = (in_a != a.model.contents.end()) == (in_b != b.model.contents.end()) &&
                        (in_a == a.model.contents.end() || in_a->second == in_b->second);
      ASSERT_TRUE(same || reported.count(page) == 1) << "page " << page << " differs unreported";
    }
  }

  template <class Source>
  static void compare(const Source& real, const Reference& model) {
    ASSERT_EQ(regions_of(real), model.regions());
    for (const std::uint64_t island : kIslands) {
      for (auto p = island; p < island + kIslandPages; ++p) {
        Bytes in_real(kPageSize);
        Bytes in_model(kPageSize);
        const auto expected = model.read(p * kPageSize, in_model);
        const auto got = real.read(at_page(p), in_real);
        agree("read", got, expected);
        ASSERT_TRUE(!expected.good || in_real == in_model) << "page " << p;
      }
    }
  }

  Pool& pool_;
  std::mt19937_64 random_;
  std::uint64_t merged_ = 0;
  std::deque<Living> spaces_;
  std::vector<Frozen> snapshots_;
};

std::vector<std::uint64_t> seeds() {
  std::vector<std::uint64_t> all{1};
  if (!kThreadSanitized) all.insert(all.end(), {2, 3, 4, 5, 6});  // one thread races with none
  if (const char* more = std::getenv("CLEAVE_SEED")) all.push_back(std::strtoull(more, nullptr, 0));
  return all;
}

class RandomOperations : public testing::TestWithParam<std::uint64_t> {};

// How many pages were merged.
std::uint64_t run_family(Pool& pool, std::uint64_t seed) {
  std::uint64_t merged = 0;
  {
    Family family(pool, seed);
    for (int step = 0; step < rounds(5000); ++step) {
      SCOPED_TRACE("CLEAVE_SEED=" + std::to_string(seed) + ", step " + std::to_string(step));
      family.step();
      family.validate_all();
      if (step % 97 == 0) family.check_all();
      if (testing::Test::HasFailure()) return 0;
    }
    family.check_all();
    merged = family.merged();
  }
  expect_nothing_left(pool);
  return merged;
}

TEST_P(RandomOperations, AgreeWithThePlainReference) {
  Pool pool = must(Pool::create(ByteCount{std::uint64_t{64} << 20}));
  (void)run_family(pool, GetParam());
}

TEST_P(RandomOperations, AgreeWithItWhileMostPagesAreAway) {
  Beyond beyond;
  Pool pool =
      must(Pool::create(ByteCount{12 * kPageSize}, std::make_unique<MemoryBacking>(beyond)));
  const std::uint64_t merged = run_family(pool, GetParam());
  if (!kSanitized) {  // there it makes fewer rounds
    EXPECT_GT(pool.statistics().came, 0u);
    EXPECT_GT(merged, 0u);
  }
  EXPECT_EQ(beyond.held(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomOperations, testing::ValuesIn(seeds()));

}  // namespace
}  // namespace cleave::detail
