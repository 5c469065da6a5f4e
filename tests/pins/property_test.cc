// Random operations on spaces of which pages are pinned and held, beside a plain reference. To the
// reference a pinned page is simply the owner's page, until that is unmapped or discarded: then it
// is the pin's alone.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "pins/hold_state.h"
#include "space/snapshot_state.h"
#include "space/validate.h"
#include "tests/pins/on_pins.h"
#include "tests/space/reference.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

// Around a boundary of wide nodes, and far away.
constexpr std::uint64_t kIslands[] = {56, (std::uint64_t{1} << 24) - 6};
constexpr std::uint64_t kIslandPages = 14;

struct Participant;

struct Pinned {
  Pin real;
  Participant* owner;
  Address at;
  std::uint64_t size;
  PinTerm term;
  std::map<std::uint64_t, Bytes> detached;  // pages that are not its owner's any more

  [[nodiscard]] std::uint64_t first() const { return raw(page_of(at)); }
  [[nodiscard]] std::uint64_t end() const { return raw(page_of(at + (size - 1))) + 1; }
};

struct Held {
  Hold real;
  Bytes model;
};

struct Participant {
  Space real;
  Reference model;
  std::optional<Accessor> accessor;
};

struct Frozen {
  Snapshot real;
  Reference model;
};

class Family {
 public:
  Family(Pool& pool, std::uint64_t seed) : pool_(pool), random_(seed) {
    participants_.push_back({must(Space::create(pool)), {}, {}});
    for (const std::uint64_t island : kIslands) {
      must(participants_.front().real.map_at(at_page(island), pages_of(kIslandPages)));
      participants_.front().model.map(island, island + kIslandPages, Protection::read_write);
    }
  }

  void step() {
    const auto kind = random_() % 100;
    Participant& member = *std::next(participants_.begin(), some(participants_.size()));
    const auto [first, end] = some_range();
    const Address at = at_page(first);
    const ByteCount size = pages_of(end - first);
    if (kind < 16) {
      pin(member, first, end);
    } else if (kind < 30 && !pins_.empty()) {
      pins_.erase(std::next(pins_.begin(), some(pins_.size())));
    } else if (kind < 42 && !pins_.empty()) {
      write_through_one(*std::next(pins_.begin(), some(pins_.size())));
    } else if (kind < 48) {
      hold(member, first, end);
    } else if (kind < 66) {
      write(member, first, end);
    } else if (kind < 69) {
      const auto done = member.real.map_at(at, size);
      agree("map_at", done, member.model.map(first, end, Protection::read_write));
    } else if (kind < 72) {
      detach(member, first, end);
      agree("unmap", member.real.unmap(at, size), member.model.unmap(first, end));
    } else if (kind < 76) {
      if (member.model.check(first, end, Protection::read_write).good) detach(member, first, end);
      agree("discard", member.real.discard(at, size), member.model.discard(first, end));
    } else if (kind < 80) {
      const auto protection = static_cast<Protection>(some(3));
      agree("protect", member.real.protect(at, size, protection),
            member.model.protect(first, end, protection));
    } else if (kind < 87) {
      if (participants_.size() < 6) {
        fork(member);
      } else {
        end_of(*std::next(participants_.begin(), some(participants_.size())));
      }
    } else if (kind < 91) {
      if (snapshots_.size() >= 5) snapshots_.erase(snapshots_.begin() + some(5));
      snapshots_.push_back({must(member.real.snapshot()), member.model});
    } else if (kind < 95 && !snapshots_.empty()) {
      rollback(member, snapshots_[static_cast<std::size_t>(some(snapshots_.size()))]);
    } else if (kind < 98) {
      member.accessor.reset();
      if (some(3) != 0) member.accessor.emplace(must(member.real.accessor()));
    } else {
      ASSERT_TRUE(holds(pool_.trim()));
    }
  }

  void check_all() {
    for (const auto& member : participants_) compare(member.real, member.model);
    for (const auto& old : snapshots_) compare(old.real, old.model);
    for (const auto& held : held_) ASSERT_EQ(seen_through(held.real), held.model);
    std::uint64_t pages[2] = {};
    for (auto& pinned : pins_) {
      ASSERT_EQ(seen_through(pinned.real), expected(pinned));
      pages[pinned.term == PinTerm::long_term] += pinned.end() - pinned.first();
      std::uint64_t page = pinned.first();
      for (const FrameId frame : frames_of(pinned.real)) {
        const bool owned = pinned.detached.count(page++) == 0;
        ASSERT_EQ(HandleAccess::state(pool_).state(frame).references(), owned ? 1u : 0u);
      }
    }
    EXPECT_EQ(pool_.statistics().short_pins, pages[0]);
    EXPECT_EQ(pool_.statistics().long_pins, pages[1]);
    expect_adds_up(pool_);
  }

  // After every step: what must be true whatever was done.
  void validate_all() {
    Recount recount(HandleAccess::state(pool_));
    for (auto& member : participants_) {
      validate(HandleAccess::state(member.real), recount);
      if (member.accessor) validate(HandleAccess::state(*member.accessor), recount);
    }
    for (const auto& old : snapshots_) recount.add(HandleAccess::state(old.real).table);
    for (const auto& held : held_) recount.add(HandleAccess::state(held.real).table);
    recount.compare();
    ASSERT_EQ(recount.wrong(), nullptr) << recount.wrong();
  }

 private:
  std::ptrdiff_t some(std::size_t below) { return static_cast<std::ptrdiff_t>(random_() % below); }
  std::pair<std::uint64_t, std::uint64_t> some_range() {
    const std::uint64_t island = kIslands[some(2)];
    const std::uint64_t first = random_() % kIslandPages;
    const std::uint64_t end =
        first + 1 + random_() % std::min<std::uint64_t>(5, kIslandPages - first);
    return {island + first, island + end};
  }
  std::pair<Address, std::uint64_t> some_bytes(std::uint64_t first, std::uint64_t end) {
    const std::uint64_t from = first * kPageSize + random_() % kPageSize;
    return {Address{from}, 1 + random_() % (end * kPageSize - from)};
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

  void pin(Participant& member, std::uint64_t first, std::uint64_t end) {
    const auto [at, size] = some_bytes(first, end);
    const auto access = some(2) == 0 ? kReading : kWriting;
    const auto term = some(2) == 0 ? PinTerm::short_term : PinTerm::long_term;
    auto real = member.accessor ? member.accessor->pin(at, size, access, term)
                                : member.real.pin(at, size, access, term);
    const std::uint64_t last = raw(page_of(at + (size - 1))) + 1;
    auto answer = member.model.check(
        raw(page_of(at)), last, access == kWriting ? Protection::read_write : Protection::read);
    answer.where = std::max(answer.where, at);
    agree("pin", real, answer);
    if (!answer.good || !real) return;
    for (auto p = raw(page_of(at)); p < last; ++p) member.model.contents[p].resize(kPageSize);
    pins_.push_back({std::move(*real), &member, at, size, term, {}});
  }

  Bytes& page_behind(Pinned& pinned, std::uint64_t page) {
    const auto found = pinned.detached.find(page);
    return found != pinned.detached.end() ? found->second : pinned.owner->model.contents.at(page);
  }

  Bytes expected(Pinned& pinned) {
    Bytes all;
    for (std::uint64_t i = 0; i < pinned.size; ++i) {
      const Address at = pinned.at + i;
      all.push_back(page_behind(pinned, raw(page_of(at)))[offset_in_page(at)]);
    }
    return all;
  }

  void write_through_one(Pinned& pinned) {
    const Bytes bytes = patterned(pinned.size, random_());
    write_through(pinned.real, bytes);
    for (std::uint64_t i = 0; i < pinned.size; ++i) {
      const Address at = pinned.at + i;
      const std::uint64_t page = raw(page_of(at));
      Bytes& behind = page_behind(pinned, page);
      behind[offset_in_page(at)] = bytes[i];
      // Two pins may look at one page that no space has any more.
      for (Pinned& other : pins_) {
        if (&other != &pinned && pinned.detached.count(page) != 0 &&
            same_frame(pinned, other, page))
          other.detached.at(page)[offset_in_page(at)] = bytes[i];
      }
    }
  }

  static FrameId frame_of_page(const Pinned& pinned, std::uint64_t page) {
    return frames_of(pinned.real)[page - pinned.first()];
  }
  static bool same_frame(const Pinned& a, const Pinned& b, std::uint64_t page) {
    return b.detached.count(page) != 0 && frame_of_page(a, page) == frame_of_page(b, page);
  }

  void detach(Participant& member, std::uint64_t first, std::uint64_t end) {
    for (Pinned& pinned : pins_) {
      if (pinned.owner != &member) continue;
      for (auto p = std::max(first, pinned.first()); p < std::min(end, pinned.end()); ++p) {
        if (pinned.detached.count(p) == 0) pinned.detached[p] = member.model.contents.at(p);
      }
    }
  }

  void hold(Participant& member, std::uint64_t first, std::uint64_t end) {
    if (held_.size() >= 12) held_.erase(held_.begin() + some(12));
    const auto [at, size] = some_bytes(first, end);
    auto real = member.real.hold(at, size);
    auto answer =
        member.model.check(raw(page_of(at)), raw(page_of(at + (size - 1))) + 1, Protection::read);
    if (real) {
      ASSERT_TRUE(answer.good);
      Bytes model(size);
      (void)member.model.read(raw(at), model);
      held_.push_back({std::move(*real), std::move(model)});
    } else {
      ASSERT_FALSE(answer.good);
      ASSERT_TRUE(fails_with(real, answer.code));
    }
  }

  void write(Participant& member, std::uint64_t first, std::uint64_t end) {
    const auto [at, size] = some_bytes(first, end);
    const Bytes bytes = patterned(size, random_());
    agree("write",
          member.accessor ? member.accessor->write(at, bytes) : member.real.write(at, bytes),
          member.model.write(raw(at), bytes));
  }

  void fork(Participant& member) {
    std::uint64_t pinned = 0;
    for (auto& [page, bytes] : member.model.contents) {
      for (const Pinned& p : pins_) {
        if (p.owner == &member && p.first() <= page && page < p.end() &&
            p.detached.count(page) == 0) {
          ++pinned;
          break;
        }
      }
    }
    const auto copied = pool_.statistics().copies;
    participants_.push_back({must(member.real.fork()), member.model, {}});
    EXPECT_EQ(pool_.statistics().copies - copied, pinned) << "a fork copies what is pinned";
  }

  void end_of(Participant& member) {
    detach(member, 0, ~std::uint64_t{0});
    for (Pinned& pinned : pins_) {
      if (pinned.owner == &member) pinned.owner = nullptr;
    }
    participants_.remove_if([&](const Participant& p) { return &p == &member; });
  }

  void rollback(Participant& member, const Frozen& old) {
    std::uint64_t first = ~std::uint64_t{0};
    for (const Pinned& pinned : pins_) {
      if (pinned.owner != &member) continue;
      for (auto p = pinned.first(); p < pinned.end(); ++p) {
        if (pinned.detached.count(p) == 0) first = std::min(first, p);
      }
    }
    if (first != ~std::uint64_t{0}) {
      ASSERT_TRUE(fails_at(member.real.rollback(old.real), Errc::pinned, at_page(first)));
    } else {
      ASSERT_TRUE(holds(member.real.rollback(old.real)));
      member.model = old.model;
    }
  }

  template <class Source>
  static void compare(const Source& real, const Reference& model) {
    for (const std::uint64_t island : kIslands) {
      for (auto p = island; p < island + kIslandPages; ++p) {
        Bytes in_real(kPageSize);
        Bytes in_model(kPageSize);
        const auto answer = model.read(p * kPageSize, in_model);
        agree("read", real.read(at_page(p), in_real), answer);
        ASSERT_TRUE(!answer.good || in_real == in_model) << "page " << p;
      }
    }
  }

  Pool& pool_;
  std::mt19937_64 random_;
  std::list<Participant> participants_;
  std::vector<Frozen> snapshots_;
  std::list<Pinned> pins_;
  std::vector<Held> held_;
};

std::vector<std::uint64_t> seeds() {
  std::vector<std::uint64_t> all{1};
  if (!kThreadSanitized) all.push_back(2);  // one thread alone races with none
  if (!kSanitized) all.insert(all.end(), {3, 4});
  if (const char* more = std::getenv("CLEAVE_SEED")) all.push_back(std::strtoull(more, nullptr, 0));
  return all;
}

class RandomPins : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomPins, AgreeWithThePlainReference) {
  const std::uint64_t seed = GetParam();
  Pool pool = must(Pool::create(ByteCount{std::uint64_t{64} << 20}));
  {
    Family family(pool, seed);
    for (int step = 0; step < rounds(4000); ++step) {
      SCOPED_TRACE("CLEAVE_SEED=" + std::to_string(seed) + ", step " + std::to_string(step));
      family.step();
      family.validate_all();
      if (step % 29 == 0) family.check_all();
      if (testing::Test::HasFailure()) return;
    }
    family.check_all();
  }
  expect_nothing_left(pool);
  EXPECT_EQ(pool.statistics().short_pins + pool.statistics().long_pins, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPins, testing::ValuesIn(seeds()));

}  // namespace
}  // namespace cleave::detail
