// Arenas that share a history: what one commits, checks out or names is of all.
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/arena/every_tracking.h"
#include "tests/arena/neighbours.h"
#include "tests/support/child.h"
#include "tests/support/failure.h"

namespace cleave::detail {
namespace {

using namespace literals;

class JoinedArenas : public EveryTracking {
 protected:
  Arena join(const Arena& other, void* at = nullptr, Tracking by = GetParam()) {
    return must(Arena::create(pool_, 1_MiB, {.at = at, .tracking = by, .joins = &other}));
  }
  Arena take_over(const Arena& other, std::span<std::byte> memory) {
    return must(Arena::take_over(pool_, memory, {.tracking = GetParam(), .joins = &other}));
  }
  static std::string both(const Arena& a, const Arena& b) {
    return text_at(a, 0, 1) + text_at(b, 0, 1);
  }
  static void write_both(Arena& a, Arena& b, const char* text) {
    write(a, 0, {text, 1});
    write(b, 0, {text + 1, 1});
  }
  static Address address(const Arena& arena) {
    return Address{reinterpret_cast<std::uintptr_t>(arena.data())};
  }

  Neighbours room_{3, 1_MiB};  // in which arenas lie side by side
};

TEST_P(JoinedArenas, CommitAndGoBackAsOne) {
  Arena a = make();
  Arena b = join(a);
  write_both(a, b, "ab");
  const Commit ab = must(a.commit());
  EXPECT_EQ(ab.pages(), 2u);
  write_both(a, b, "cd");
  const Commit cd = must(b.commit());
  EXPECT_EQ(cd.parent(), ab);
  write_both(a, b, "ef");
  must(a.revert());
  EXPECT_EQ(both(a, b), "cd");
  must(b.checkout(ab));
  EXPECT_EQ(both(a, b), "ab");
  write(b, 0, "x");
  const Commit ax = must(a.commit());
  EXPECT_EQ(ax.parent(), ab);
  must(a.checkout(cd));
  EXPECT_EQ(both(a, b), "cd");
  must(a.checkout(ax));
  EXPECT_EQ(both(a, b), "ax");
}

TEST_P(JoinedArenas, HaveOneHistory) {
  Arena a = make();
  Arena b = join(a);
  EXPECT_EQ(a.head(), b.head());
  EXPECT_EQ(a.head().number(), 1u) << "joining is a commit";
  const Commit one = must(a.commit("one"));
  EXPECT_EQ(b.find("one"), one);
  EXPECT_TRUE(fails_with(b.commit("one"), Errc::already_exists));
  std::vector<std::uint64_t> seen;
  must(b.for_each_commit([&](const Commit& c, unsigned) { seen.push_back(c.number()); }));
  EXPECT_EQ(seen.back(), one.number());
  EXPECT_EQ(a.statistics().commits, b.statistics().commits);
  EXPECT_TRUE(b.forget("one"));
  EXPECT_FALSE(a.find("one"));
}

TEST_P(JoinedArenas, AreManyAndMayJoinWhoHasJoined) {
  Arena a = make();
  Arena b = join(a);
  Arena c = join(b);
  Arena d = join(c);
  for (Arena* each : {&a, &b, &c, &d}) write(*each, 4096, "old");
  const Commit old = must(c.commit());
  for (Arena* each : {&a, &b, &c, &d}) write(*each, 4096, "new");
  must(b.checkout(old));
  for (Arena* each : {&a, &b, &c, &d}) EXPECT_EQ(text_at(*each, 4096, 3), "old");
}

TEST_P(JoinedArenas, ThatLieSideBySideAreEachTheirOwn) {
  Arena high = must(Arena::create(pool_, 1_MiB, {.at = room_.at(2), .tracking = GetParam()}));
  Arena low = join(high, room_.at(0));
  Arena middle = join(high, room_.at(1));
  constexpr std::size_t kLast = (1 << 20) - 3;
  const auto write_all = [&](const char* text) {
    write(low, kLast, text);
    write(middle, 0, text);
    write(middle, kLast, text);
    write(high, 0, text);
  };
  write_all("one");
  const Commit one = must(low.commit());
  write_all("two");
  const Commit two = must(low.commit());
  must(middle.checkout(one));
  EXPECT_EQ(text_at(low, kLast, 3) + text_at(middle, 0, 3), "oneone");
  EXPECT_EQ(text_at(middle, kLast, 3) + text_at(high, 0, 3), "oneone");
  std::size_t bytes = 0;
  must(high.diff(one, two, [&](std::span<const std::byte> run) { bytes += run.size(); }));
  EXPECT_EQ(bytes, 4 * kPageSize);
}

TEST_P(JoinedArenas, MayTrackEachInItsOwnWay) {
  for (const Tracking by : trackings()) {
    if (!try_tracking(by)) continue;
    Arena a = make();
    Arena b = join(a, nullptr, by);
    b.mark_dirty(b.data(), 1);
    write_both(a, b, "ab");
    const Commit ab = must(a.commit());
    b.mark_dirty(b.data(), 1);
    write_both(a, b, "cd");
    must(a.checkout(ab));
    EXPECT_EQ(both(a, b), "ab") << name(by);
  }
}

TEST_P(JoinedArenas, ToldOfChangesTellOfAllInOrderOfAddress) {
  Arena high = must(Arena::create(pool_, 1_MiB, {.at = room_.at(2), .tracking = GetParam()}));
  Arena low = join(high, room_.at(0));
  must(low.commit());
  write(high, 0, "h");
  write(low, 4096, "l");
  std::vector<const std::byte*> seen;
  must(high.changes([&](std::span<const std::byte> run) { seen.push_back(run.data()); }));
  EXPECT_EQ(seen, (std::vector<const std::byte*>{low.data() + 4096, high.data()}));
}

TEST_P(JoinedArenas, ARefusedCheckoutChangesNone) {
  Arena low = must(Arena::create(pool_, 1_MiB, {.at = room_.at(0), .tracking = GetParam()}));
  Arena high = join(low, room_.at(1));
  write_both(low, high, "ab");
  const Commit ab = must(low.commit());
  write_both(low, high, "cd");
  const Commit cd = must(low.commit());
  write_both(low, high, "ef");
  for (Arena* pinned : {&low, &high}) {
    const ArenaPin pin = must(pinned->pin(pinned->data(), 1, PinAccess::write));
    for (Arena* asked : {&low, &high}) {
      EXPECT_TRUE(fails_at(asked->checkout(ab), Errc::pinned, address(*pinned)));
      EXPECT_TRUE(fails_at(asked->revert(), Errc::pinned, address(*pinned)));
      EXPECT_EQ(both(low, high), "ef");
      EXPECT_EQ(low.head(), cd);
    }
  }
  std::size_t bytes = 0;
  must(low.changes([&](std::span<const std::byte> run) { bytes += run.size(); }));
  EXPECT_EQ(bytes, 2 * kPageSize) << "what was written is still known, and nothing else";
  must(low.checkout(ab));
  EXPECT_EQ(both(low, high), "ab");
}

TEST_P(JoinedArenas, AreNotWhatTheyWereBeforeTheyHadJoined) {
  Arena a = make();
  write(a, 0, "a");
  const Commit alone = must(a.commit("alone"));
  Arena b = join(a);
  write(b, 0, "b");
  EXPECT_TRUE(fails_at(a.checkout(alone), Errc::not_mapped, address(b)));
  EXPECT_TRUE(fails_at(b.checkout(alone), Errc::not_mapped, address(b)));
  EXPECT_EQ(both(a, b), "ab") << "nothing has changed";
  EXPECT_EQ(a.head().parent(), alone);
}

TEST_P(JoinedArenas, LeaveWhatOthersHaveChangedUncommittedAsTheyJoin) {
  Arena a = make();
  write(a, 0, "a");
  must(a.commit());
  write(a, 0, "x");
  const Arena b = join(a);
  std::size_t changed = 0;
  must(a.changes([&](auto run) { changed += run.size(); }));
  EXPECT_EQ(changed, kPageSize);
  EXPECT_EQ(a.head().pages(), 0u);
  must(a.revert());
  EXPECT_EQ(text_at(a, 0, 1), "a");
}

TEST_P(JoinedArenas, TakeOverMemoryThatExists) {
  Arena heap = make();
  write(heap, 0, "h");
  must(heap.commit());
  const std::span<std::byte> memory = room_.map(1);
  std::memcpy(memory.data(), "old", 3);
  Arena data = take_over(heap, memory);
  const Commit first = heap.head();
  EXPECT_EQ(first.pages(), 1u);
  write(heap, 0, "x");
  write(data, 0, "new");
  const Commit second = must(data.commit());
  must(heap.checkout(first));
  EXPECT_EQ(text_at(heap, 0, 1) + text_at(data, 0, 3), "hold");
  must(heap.checkout(second));
  EXPECT_EQ(text_at(heap, 0, 1) + text_at(data, 0, 3), "xnew");
}

TEST_P(JoinedArenas, GoOnWhenOneEnds) {
  Arena a = make();
  write(a, 0, "a");
  const Commit alone = must(a.commit());
  std::optional<Arena> b(join(a));
  const Address gone = address(*b);
  write_both(a, *b, "ab");
  const Commit ab = must(a.commit("both"));
  b.reset();
  write(a, 0, "c");
  EXPECT_TRUE(fails_at(a.checkout(ab), Errc::not_mapped, gone));
  EXPECT_TRUE(fails_at(a.revert(), Errc::not_mapped, gone)) << "there was no commit since";
  EXPECT_EQ(text_at(a, 0, 1), "c");
  const Commit after = must(a.commit());
  write(a, 0, "d");
  must(a.revert());
  EXPECT_EQ(text_at(a, 0, 1), "c");
  must(a.checkout(alone));
  EXPECT_EQ(text_at(a, 0, 1), "a") << "which has the memory that there is";
  std::byte held{};
  must(ab.snapshot().read(gone, std::span(&held, 1)));
  EXPECT_EQ(held, std::byte{'b'}) << "commits keep what they have";
  EXPECT_EQ(a.find("both"), ab);
  must(a.checkout(after));
}

TEST_P(JoinedArenas, GoBackToBeforeOneHadJoinedThatHasEnded) {
  Arena middle = must(Arena::create(pool_, 1_MiB, {.at = room_.at(1), .tracking = GetParam()}));
  write(middle, 0, "m");
  const Commit alone = must(middle.commit());
  std::optional<Arena> low(join(middle, room_.at(0)));
  std::optional<Arena> high(join(middle, room_.at(2)));
  for (Arena* each : {&*low, &middle, &*high}) {
    write(*each, 0, "all");
    write(*each, (1 << 20) - 3, "all");
  }
  must(middle.commit());
  low.reset();
  high.reset();
  must(middle.checkout(alone));
  EXPECT_EQ(text_at(middle, 0, 3), std::string("m\0\0", 3));
  EXPECT_EQ(text_at(middle, (1 << 20) - 3, 1), std::string(1, '\0'));
  must(middle.revert());
  EXPECT_EQ(must(middle.commit()).parent(), alone);
}

TEST_P(JoinedArenas, TakeThePlaceOfOneThatHasEnded) {
  Arena a = make();
  std::optional<Arena> b(join(a, room_.at(1)));
  write_both(a, *b, "ab");
  const Commit ab = must(a.commit());
  b.reset();
  b.emplace(join(a, room_.at(1)));
  EXPECT_EQ(both(a, *b), std::string("a\0", 2));
  must(a.checkout(ab));
  EXPECT_EQ(both(a, *b), "ab") << "the same memory, as far as a commit knows";
}

TEST_P(JoinedArenas, NeedNotEndInOrder) {
  std::optional<Arena> a(make());
  Arena b = join(*a);
  write(b, 0, "b");
  const Commit before = must(b.commit("before"));
  a.reset();
  EXPECT_EQ(b.find("before"), before);
  const Commit after = must(b.commit());
  write(b, 0, "c");
  must(b.revert());
  EXPECT_EQ(text_at(b, 0, 1), "b");
  EXPECT_EQ(after.parent(), before);
}

TEST_P(JoinedArenas, AreOfOnePool) {
  const Arena a = make();
  Pool other = must(Pool::create(1_MiB));
  const auto made = Arena::create(other, 1_MiB, {.tracking = GetParam(), .joins = &a});
  EXPECT_TRUE(fails_with(made, Errc::bad_argument));
  EXPECT_EQ(a.statistics().commits, 1u);
}

TEST_P(JoinedArenas, AreNotJoinedInAVisitNorCalledThroughAnother) {
  Arena a = make();
  Arena b = join(a);
  write(a, 0, "a");
  int visits = 0;
  must(a.changes([&](auto) {
    ++visits;
    EXPECT_TRUE(fails_with(b.commit(), Errc::not_permitted));
    EXPECT_TRUE(fails_with(b.pin(b.data(), 1, PinAccess::read), Errc::not_permitted));
    const auto made = Arena::create(pool_, 1_MiB, {.tracking = GetParam(), .joins = &b});
    EXPECT_TRUE(fails_with(made, Errc::not_permitted));
    EXPECT_EQ(b.head(), a.head());
  }));
  EXPECT_GT(visits, 0);
}

TEST_P(JoinedArenas, MayEndInAVisitByTheirLastPin) {
  Arena high = must(Arena::create(pool_, 1_MiB, {.at = room_.at(2), .tracking = GetParam()}));
  std::optional<Arena> low(join(high, room_.at(0)));
  must(high.commit());
  std::optional<ArenaPin> pin(must(low->pin(low->data(), 1, PinAccess::write)));
  write(*low, 8 * kPageSize, "l");
  write(high, 0, "h");
  low.reset();
  int visits = 0;
  must(high.changes([&](auto) {
    ++visits;
    pin.reset();
  }));
  EXPECT_EQ(visits, 3);
  must(high.commit());
  must(high.revert());
}

TEST_P(JoinedArenas, HoldAndPinEachItsOwn) {
  Arena a = make();
  Arena b = join(a);
  write_both(a, b, "ab");
  const Hold hold = must(b.hold(b.data(), 1));
  const ArenaPin pin = must(a.pin(a.data(), 1, PinAccess::write));
  write(b, 0, "x");
  std::byte held{};
  must(hold.read(hold.address(), std::span(&held, 1)));
  EXPECT_EQ(held, std::byte{'b'});
  EXPECT_EQ(a.statistics().short_pins, 1u);
  EXPECT_EQ(b.statistics().short_pins, 0u);
  EXPECT_TRUE(fails_with(a.hold(b.data(), 1), Errc::bad_argument));
}

TEST_P(JoinedArenas, AreNotThereInAChildOfFork) {
  Arena a = make();
  Arena b = join(a);
  EXPECT_TRUE(is_well(child([&] {
    for (Arena* arena : {&a, &b}) {
      if (arena->commit()) say("it commits");
      if (arena->head().number() != 1) say("another head");
    }
    const auto made = Arena::create(pool_, 1_MiB, {.joins = &a});
    if (made || made.error().code != Errc::not_permitted) say("it joins");
  })));
  write_both(a, b, "ab");
  must(a.commit());
}

TEST_P(JoinedArenas, TakeTurnsWhicheverThreadCallsWhich) {
  Arena a = make();
  Arena b = join(a);
  write_both(a, b, "ab");
  const Commit ab = must(b.commit("kept"));
  constexpr int kRounds = 20;
  std::thread joins([&] {
    for (int i = 0; i < kRounds; ++i) (void)join(b).head();
  });
  std::thread commits([&] {
    for (int i = 0; i < kRounds; ++i) EXPECT_TRUE(holds(a.commit()));
  });
  std::thread pins([&] {
    for (int i = 0; i < kRounds; ++i) {
      EXPECT_TRUE(holds(b.pin(b.data(), 1, PinAccess::write)));
      EXPECT_EQ(b.find("kept"), ab);
      (void)a.statistics();
    }
  });
  for (std::thread* each : {&joins, &commits, &pins}) each->join();
  must(a.commit());
  EXPECT_TRUE(holds(b.checkout(ab))) << "all others have ended";
  EXPECT_EQ(both(a, b), "ab");
}

INSTANTIATE_TEST_SUITE_P(By, JoinedArenas, every_tracking(), name_of_tracking);

// Each goes between two trackers as it pays.
TEST(JoinedArenasThatAdapt, GoBackAsOne) {
  Pool pool = must(Pool::create(64_MiB));
  const auto make = [&](const Arena* joins) {
    return must(Arena::create(pool, 1_MiB, {.system_calls_write = false, .joins = joins}));
  };
  Arena a = make(nullptr);
  Arena b = make(&a);
  for (int round = 0; round < 300; ++round) {
    a.data()[0] = b.data()[4096] = static_cast<std::byte>(round);
    const Commit now = must(b.commit());
    a.data()[0] = b.data()[0] = std::byte{255};
    must(a.checkout(now));
    ASSERT_EQ(a.data()[0], static_cast<std::byte>(round));
    ASSERT_EQ(b.data()[4096], static_cast<std::byte>(round));
    ASSERT_EQ(b.data()[0], std::byte{0});
  }
}

}  // namespace
}  // namespace cleave::detail
