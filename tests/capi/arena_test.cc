#include <dlfcn.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "tests/capi/owned.h"
#include "tests/support/far_below.h"

namespace cleave::c {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kSize = 1 << 20;

struct Extent {
  const void* at;
  std::size_t bytes;
  friend bool operator==(const Extent&, const Extent&) = default;
};
void note_run(void* runs, const void* at, std::size_t bytes) {
  static_cast<std::vector<Extent>*>(runs)->push_back({at, bytes});
}
void note_number(void* lines, const cleave_commit* commit, unsigned depth) {
  static_cast<std::vector<std::string>*>(lines)->push_back(
      std::string(depth, ' ') + std::to_string(cleave_commit_number(commit)) +
      cleave_commit_name(commit));
}

class CArena : public InC {
 protected:
  void SetUp() override {
    InC::SetUp();
    ASSERT_NE(arena, nullptr) << message(error);
  }
  [[nodiscard]] char* data() const { return static_cast<char*>(cleave_arena_data(arena.get())); }
  void write(std::size_t offset, const char* text) {
    cleave_arena_mark_dirty(arena.get(), data() + offset, std::strlen(text));
    std::memcpy(data() + offset, text, std::strlen(text));
  }
  OwnedCommit commit(const char* name = nullptr) {
    OwnedCommit made(cleave_arena_commit(arena.get(), name, &error));
    EXPECT_NE(made, nullptr) << message(error);
    return made;
  }
  OwnedCommit head() { return OwnedCommit(cleave_arena_head(arena.get(), &error)); }

  OwnedArena arena{cleave_arena_create(pool.get(), kSize, nullptr, &error)};
};

TEST_F(CArena, GoesBackForwardAndAcross) {
  EXPECT_EQ(cleave_arena_size(arena.get()), kSize);
  write(0, "one");
  const OwnedCommit one = commit();
  write(0, "two");
  const OwnedCommit two = commit();
  ok(cleave_arena_checkout(arena.get(), one.get(), &error));
  EXPECT_STREQ(data(), "one");
  write(0, "not committed");
  ok(cleave_arena_revert(arena.get(), &error));
  EXPECT_STREQ(data(), "one");
  ok(cleave_arena_checkout(arena.get(), two.get(), &error));
  EXPECT_STREQ(data(), "two");
}

TEST_F(CArena, TellsItsHistory) {
  const OwnedCommit first = head();
  write(0, "a");
  const OwnedCommit a = commit("a");
  write(0, "b");
  const OwnedCommit b = commit();
  ok(cleave_arena_checkout(arena.get(), a.get(), &error));
  const OwnedCommit c = commit("c");

  std::vector<std::string> lines;
  ok(cleave_arena_for_each_commit(arena.get(), note_number, &lines, &error));
  EXPECT_THAT(lines, ElementsAre("0", " 1a", "  2", "  3c"));
  const OwnedCommit parent(cleave_commit_parent(c.get(), &error));
  EXPECT_TRUE(cleave_commit_equal(parent.get(), a.get()));
  EXPECT_FALSE(cleave_commit_equal(parent.get(), b.get()));
  EXPECT_EQ(cleave_commit_parent(first.get(), &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_OK);
  EXPECT_STREQ(cleave_commit_name(a.get()), "a");
  EXPECT_STREQ(cleave_commit_name(b.get()), "");
  EXPECT_EQ(cleave_commit_pages(b.get()), 1u);
  EXPECT_EQ(cleave_commit_pages(c.get()), 0u);
}

TEST_F(CArena, KeepsCommitsByNameUntilTheyAreForgotten) {
  write(0, "kept");
  commit("kept").reset();
  EXPECT_EQ(cleave_arena_commit(arena.get(), "kept", &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_ALREADY_EXISTS);
  OwnedCommit found(cleave_arena_find(arena.get(), "kept", &error));
  ASSERT_NE(found, nullptr);
  const OwnedCommit copy(cleave_commit_copy(found.get(), &error));
  EXPECT_TRUE(cleave_commit_equal(found.get(), copy.get()));
  EXPECT_EQ(cleave_arena_find(arena.get(), "other", &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_OK) << "not to find a name is no failure";
  EXPECT_TRUE(cleave_arena_forget(arena.get(), "kept"));
  EXPECT_FALSE(cleave_arena_forget(arena.get(), "kept"));
  EXPECT_FALSE(cleave_arena_forget(arena.get(), nullptr));
}

TEST_F(CArena, GivesBackWhatACommitWasGivenToKeep) {
  const OwnedCommit with(cleave_arena_commit_with(arena.get(), nullptr, "a seed", 7, &error));
  ASSERT_NE(with, nullptr) << error.what;
  size_t size = 0;
  EXPECT_STREQ(static_cast<const char*>(cleave_commit_payload(with.get(), &size)), "a seed");
  EXPECT_EQ(size, 7u);
  const OwnedCommit without(cleave_arena_commit_with(arena.get(), nullptr, nullptr, 0, &error));
  EXPECT_EQ(cleave_commit_payload(without.get(), &size), nullptr);
  EXPECT_EQ(size, 0u);
  const std::vector<char> more(CLEAVE_MOST_PAYLOAD + 1);
  EXPECT_EQ(cleave_arena_commit_with(arena.get(), nullptr, more.data(), more.size(), &error),
            nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
}

TEST_F(CArena, CommitsWhatADeviceWroteToItsViewAndABitmapTells) {
  write(0, "one");
  const OwnedCommit one = commit();
  auto* const view = static_cast<char*>(cleave_arena_device_view(arena.get()));
  std::memcpy(view + 2 * 4096, "two", 4);
  const uint64_t pages = 1U << 1;
  cleave_arena_mark_pages_dirty(arena.get(), data() + 4096, &pages, 1);
  const OwnedCommit two = commit();
  ok(cleave_arena_checkout(arena.get(), one.get(), &error));
  EXPECT_STREQ(view + 2 * 4096, "");
  ok(cleave_arena_checkout(arena.get(), two.get(), &error));
  EXPECT_STREQ(data() + 2 * 4096, "two");
}

TEST_F(CArena, SharesItsHistoryWithMemoryThatWasTakenOver) {
  void* const mapped =
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* const memory = static_cast<char*>(mapped);
  std::memcpy(memory, "old", 4);
  {
    cleave_arena_options options{};
    options.size = sizeof options;
    options.joins = arena.get();
    const OwnedArena taken(cleave_arena_take_over(pool.get(), memory, kSize, &options, &error));
    ASSERT_NE(taken, nullptr) << message(error);
    write(0, "one");
    const OwnedCommit one = commit("one");
    const OwnedCommit found(cleave_arena_find(taken.get(), "one", &error));
    EXPECT_TRUE(cleave_commit_equal(one.get(), found.get()));
    write(0, "two");
    cleave_arena_mark_dirty(taken.get(), memory, 4);
    std::memcpy(memory, "new", 4);
    ok(cleave_arena_checkout(taken.get(), one.get(), &error));
    EXPECT_STREQ(data(), "one");
    EXPECT_STREQ(memory, "old");
  }
  EXPECT_STREQ(memory, "old") << "it stays when the arena ends";
  EXPECT_EQ(cleave_arena_take_over(pool.get(), memory, 100, nullptr, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  (void)munmap(mapped, kSize);
}

TEST_F(CArena, IsToldWhereALibraryKeepsItsVariables) {
  static int variable = 1;
  bool found = false;
  ok(cleave_writable_segments(
      dlopen(nullptr, RTLD_NOW),
      [](void* context, void* at, size_t bytes) {
        const char* const first = static_cast<char*>(at);
        const char* const sought = reinterpret_cast<char*>(&variable);
        if (sought >= first && sought < first + bytes) *static_cast<bool*>(context) = true;
      },
      &found, &error));
  EXPECT_TRUE(found);
}

TEST_F(CArena, ShowsWhatChangedAndWhatDiffers) {
  const OwnedCommit before = head();
  write(3 * kPage, "x");
  write(4 * kPage, "x");
  write(9 * kPage, "x");
  std::vector<Extent> runs;
  ok(cleave_arena_changes(arena.get(), note_run, &runs, &error));
  EXPECT_THAT(
      runs, ElementsAre(Extent{data() + 3 * kPage, 2 * kPage}, Extent{data() + 9 * kPage, kPage}));
  const OwnedCommit after = commit();
  runs.clear();
  ok(cleave_arena_diff(arena.get(), before.get(), after.get(), note_run, &runs, &error));
  EXPECT_THAT(
      runs, ElementsAre(Extent{data() + 3 * kPage, 2 * kPage}, Extent{data() + 9 * kPage, kPage}));
  runs.clear();
  ok(cleave_arena_changes(arena.get(), note_run, &runs, &error));
  EXPECT_THAT(runs, IsEmpty());
}

TEST_F(CArena, GivesACommitsContentsAsASnapshotAtItsOwnAddresses) {
  write(5, "past");
  const OwnedCommit past = commit();
  write(5, "now!");
  const OwnedSnapshot snapshot(cleave_commit_snapshot(past.get(), &error));
  std::array<char, 4> seen{};
  const auto at = reinterpret_cast<cleave_address>(data()) + 5;
  ok(cleave_snapshot_read(snapshot.get(), at, seen.data(), seen.size(), &error));
  EXPECT_EQ(std::string(seen.data(), 4), "past");
}

TEST_F(CArena, RefusesCommitsOfAnotherArena) {
  const OwnedArena other(cleave_arena_create(pool.get(), kSize, nullptr, &error));
  const OwnedCommit theirs(cleave_arena_head(other.get(), &error));
  const OwnedCommit ours = head();
  EXPECT_EQ(cleave_arena_checkout(arena.get(), theirs.get(), &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_arena_diff(arena.get(), ours.get(), theirs.get(), note_run, nullptr, &error),
            CLEAVE_BAD_ARGUMENT);
}

TEST_F(CArena, PinsMemoryThatNoCheckoutChanges) {
  const OwnedCommit empty = head();
  OwnedPin pin(cleave_arena_pin(arena.get(), data() + kPage, 6, CLEAVE_PIN_WRITE, CLEAVE_SHORT_TERM,
                                &error));
  ASSERT_NE(pin, nullptr) << message(error);
  std::size_t count = 0;
  const iovec* piece = cleave_pin_pieces(pin.get(), &count);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(cleave_pin_size(pin.get()), 6u);
  std::memcpy(piece->iov_base, "device", 6);
  EXPECT_STREQ(data() + kPage, "device");
  EXPECT_EQ(cleave_commit_pages(commit().get()), 1u) << "what a device wrote counts as changed";
  EXPECT_EQ(cleave_arena_checkout(arena.get(), empty.get(), &error), CLEAVE_PINNED);
  EXPECT_EQ(error.where, reinterpret_cast<cleave_address>(data() + kPage));
  pin.reset();
  ok(cleave_arena_checkout(arena.get(), empty.get(), &error));
}

TEST_F(CArena, HoldsWhatWas) {
  write(7, "was");
  const OwnedHold hold(cleave_arena_hold(arena.get(), data() + 7, 3, &error));
  ASSERT_NE(hold, nullptr);
  write(7, "is!");
  std::array<char, 3> seen{};
  ok(cleave_hold_read(hold.get(), cleave_hold_address(hold.get()), seen.data(), 3, &error));
  EXPECT_EQ(std::string(seen.data(), 3), "was");
  EXPECT_EQ(cleave_hold_address(hold.get()), reinterpret_cast<cleave_address>(data() + 7));
}

TEST_F(CArena, RefusesPinsAndHoldsBeyondItsEnds) {
  EXPECT_EQ(cleave_arena_pin(arena.get(), data(), 0, CLEAVE_PIN_READ, CLEAVE_SHORT_TERM, &error),
            nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_arena_pin(arena.get(), data(), 1, 7, CLEAVE_SHORT_TERM, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_arena_pin(arena.get(), data(), 1, CLEAVE_PIN_READ, 2, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_arena_hold(arena.get(), data() + kSize, 1, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
}

TEST_F(CArena, LeavesCommitsPinsAndHoldsWhenItGoes) {
  write(0, "kept");
  const OwnedCommit kept = commit();
  OwnedPin pin(
      cleave_arena_pin(arena.get(), data(), 4, CLEAVE_PIN_READ, CLEAVE_SHORT_TERM, &error));
  const OwnedHold hold(cleave_arena_hold(arena.get(), data(), 4, &error));
  const auto at = reinterpret_cast<cleave_address>(data());
  arena.reset();
  pool.reset();
  std::size_t count = 0;
  EXPECT_EQ(std::memcmp(cleave_pin_pieces(pin.get(), &count)->iov_base, "kept", 4), 0);
  const OwnedSnapshot snapshot(cleave_commit_snapshot(kept.get(), &error));
  const OwnedView page(cleave_snapshot_view(snapshot.get(), at, &error));
  EXPECT_EQ(shown_by(page.get()).substr(0, 4), "kept");
  std::array<char, 4> seen{};
  EXPECT_EQ(cleave_hold_read(hold.get(), at, seen.data(), 4, &error), CLEAVE_OK);
}

TEST_F(CArena, CountsWhatItDid) {
  write(0, "x");
  const OwnedCommit made = commit();
  cleave_arena_statistics s{};
  s.size = sizeof s;
  ok(cleave_arena_get_statistics(arena.get(), &s, &error));
  EXPECT_EQ(s.commits, 2u);
  EXPECT_EQ(s.living, 1u) << "no handle has the first any more";
  EXPECT_EQ(s.recorded, 1u);
  EXPECT_EQ(s.short_pins + s.long_pins, 0u);
  EXPECT_NE(cleave_tracking_name(s.tracking), nullptr);
  s.size = 0;
  EXPECT_EQ(cleave_arena_get_statistics(arena.get(), &s, &error), CLEAVE_BAD_ARGUMENT);
}

TEST_F(CArena, SaysWhyItTracksAsItDoes) {
  const std::size_t length = cleave_arena_tracking_reason(arena.get(), nullptr, 0);
  ASSERT_GT(length, 0u);
  std::string reason(length, '\0');
  EXPECT_EQ(cleave_arena_tracking_reason(arena.get(), reason.data(), length + 1), length);
  EXPECT_EQ(std::strlen(reason.c_str()), length);
}

TEST_F(CArena, DisownsFaultsThatAreNoFirstWrites) {
  siginfo_t fault{};
  fault.si_code = SEGV_MAPERR;
  fault.si_addr = nullptr;
  EXPECT_FALSE(cleave_arena_fault(SIGSEGV, &fault, nullptr));
}

#ifdef __x86_64__
TEST_F(CArena, DisownsAJumpWhereTheContextTells) {
  const cleave_arena_options options{sizeof(cleave_arena_options), nullptr,
                                     CLEAVE_TRACKING_MPROTECT, 0, nullptr};
  const OwnedArena watched(cleave_arena_create(pool.get(), kSize, &options, &error));
  ASSERT_NE(watched, nullptr) << message(error);
  siginfo_t fault{};
  fault.si_code = SEGV_ACCERR;
  fault.si_addr = cleave_arena_data(watched.get());
  ucontext_t jump{};
  jump.uc_mcontext.gregs[REG_RIP] =
      static_cast<greg_t>(reinterpret_cast<std::uintptr_t>(fault.si_addr));
  EXPECT_FALSE(cleave_arena_fault(SIGSEGV, &fault, &jump));
  EXPECT_TRUE(cleave_arena_fault(SIGSEGV, &fault, nullptr));
}
#endif

// Restored ones.

class CRestoredArena : public InC {
 protected:
  static constexpr cleave_address kPlace = detail::kFreePlace;

  void SetUp() override {
    InC::SetUp();
    if (cleave_try_tracking(CLEAVE_TRACKING_ASYNC, &error) != CLEAVE_OK) {
      GTEST_SKIP() << message(error);
    }
    const OwnedSpace space(cleave_space_create(pool.get(), &error));
    ok(cleave_space_map_at(space.get(), kPlace, kSize, CLEAVE_READ_WRITE, &error));
    ok(cleave_space_write(space.get(), kPlace + 5 * kPage, "five", 5, &error));
    ok(cleave_space_write(space.get(), kPlace + 9 * kPage, "nine", 5, &error));
    snapshot.reset(cleave_space_snapshot(space.get(), &error));
  }

  OwnedSnapshot snapshot;
};

TEST_F(CRestoredArena, HasItsPagesWhenTheyAreTouched) {
  cleave_restore_options how{};
  how.size = sizeof how;
  how.payload = "seed";
  how.payload_size = 4;
  const OwnedArena arena(cleave_arena_restore(snapshot.get(), nullptr, &how, &error));
  ASSERT_NE(arena, nullptr) << message(error);
  const char* data = static_cast<const char*>(cleave_arena_data(arena.get()));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data), kPlace);
  EXPECT_EQ(cleave_arena_missing(arena.get()), 2u);
  EXPECT_STREQ(data + 5 * kPage, "five");
  EXPECT_EQ(cleave_arena_missing(arena.get()), 1u);
  std::uint64_t came = 0;
  ok(cleave_arena_fetch(arena.get(), data, kSize, &came, &error));
  EXPECT_EQ(came, 1u);
  EXPECT_STREQ(data + 9 * kPage, "nine");
  const OwnedCommit head(cleave_arena_head(arena.get(), &error));
  std::size_t size = 0;
  EXPECT_EQ(std::memcmp(cleave_commit_payload(head.get(), &size), "seed", 4), 0);
  EXPECT_EQ(size, 4u);
}

TEST_F(CRestoredArena, IsRefusedWithOptionsThatAreNotKnown) {
  cleave_restore_options how{};
  EXPECT_EQ(cleave_arena_restore(snapshot.get(), nullptr, &how, &error), nullptr);
  EXPECT_THAT(message(error), HasSubstr("sizeof"));
  how.size = sizeof how;
  how.payload_size = 4;
  EXPECT_EQ(cleave_arena_restore(snapshot.get(), nullptr, &how, &error), nullptr);
  EXPECT_THAT(message(error), HasSubstr("is NULL"));
  const cleave_arena_options options{sizeof options, nullptr, CLEAVE_TRACKING_SOFTWARE, 0, nullptr};
  EXPECT_EQ(cleave_arena_restore(snapshot.get(), &options, nullptr, &error), nullptr);
}

// Options.

class CArenaOptions : public InC {
 protected:
  OwnedArena make(const cleave_arena_options& options) {
    return OwnedArena(cleave_arena_create(pool.get(), kSize, &options, &error));
  }
};

TEST_F(CArenaOptions, AllZeroesAreTheDefaults) {
  EXPECT_NE(make({sizeof(cleave_arena_options), nullptr, 0, 0, nullptr}), nullptr)
      << message(error);
}

TEST_F(CArenaOptions, ChooseTheTracking) {
  for (const int tracking : {CLEAVE_TRACKING_ASYNC, CLEAVE_TRACKING_SIGBUS,
                             CLEAVE_TRACKING_MPROTECT, CLEAVE_TRACKING_SOFTWARE}) {
    if (cleave_try_tracking(tracking, &error) != CLEAVE_OK) continue;
    const OwnedArena arena = make({sizeof(cleave_arena_options), nullptr, tracking, 0, nullptr});
    ASSERT_NE(arena, nullptr) << message(error);
    cleave_arena_statistics s{};
    s.size = sizeof s;
    ok(cleave_arena_get_statistics(arena.get(), &s, &error));
    EXPECT_EQ(s.tracking, tracking);
  }
}

TEST_F(CArenaOptions, ChooseTheAddress) {
  void* const at = mmap(detail::far_below(), kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(at, MAP_FAILED);
  ASSERT_EQ(munmap(at, kSize), 0);
  const OwnedArena arena = make({sizeof(cleave_arena_options), at, 0, 0, nullptr});
  ASSERT_NE(arena, nullptr) << message(error);
  EXPECT_EQ(cleave_arena_data(arena.get()), at);
  EXPECT_EQ(make({sizeof(cleave_arena_options), at, 0, 0, nullptr}), nullptr);
  EXPECT_EQ(error.code, CLEAVE_ALREADY_MAPPED);
}

TEST_F(CArenaOptions, OfAnEarlierHeaderAreShorter) {
  cleave_arena_options options{};
  options.size = offsetof(cleave_arena_options, tracking);
  options.tracking = 99;  // beyond what such a caller has
  EXPECT_NE(make(options), nullptr) << message(error);
}

TEST_F(CArenaOptions, OfALaterHeaderMayBeLongerIfTheySayNothingNew) {
  struct {
    cleave_arena_options options;
    std::uint64_t later;
  } longer{};
  longer.options.size = sizeof longer;
  EXPECT_NE(make(longer.options), nullptr) << message(error);
  longer.later = 1;
  EXPECT_EQ(make(longer.options), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
}

TEST_F(CArenaOptions, AreRefusedWhereTheyAreNotKnown) {
  EXPECT_EQ(make({0, nullptr, 0, 0, nullptr}), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(make({sizeof(cleave_arena_options), nullptr, 5, 0, nullptr}), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(make({sizeof(cleave_arena_options), nullptr, 0, 1u << 31, nullptr}), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_arena_create(pool.get(), 0, nullptr, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
}

TEST(CTracking, HasNames) {
  cleave_error error{};
  for (int tracking = 0; tracking <= CLEAVE_TRACKING_SOFTWARE; ++tracking) {
    cleave_tracking again = -1;
    const char* name = cleave_tracking_name(tracking);
    ASSERT_NE(name, nullptr);
    EXPECT_EQ(cleave_tracking_named(name, &again, &error), CLEAVE_OK);
    EXPECT_EQ(again, tracking);
  }
  cleave_tracking none = 77;
  EXPECT_EQ(cleave_tracking_name(5), nullptr);
  EXPECT_EQ(cleave_tracking_named("soft-dirty", &none, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(none, 77);
  EXPECT_EQ(cleave_try_tracking(-1, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_try_tracking(CLEAVE_TRACKING_AUTOMATIC, &error), CLEAVE_OK);
}

}  // namespace
}  // namespace cleave::c
