// Arenas whose pages come from a repository when they are touched.
#include <csetjmp>
#include <csignal>
#include <thread>

#include "tests/image/lazy_contents.h"
#include "tests/support/far_below.h"

namespace cleave::detail::image {
namespace {

constexpr std::uint64_t kPlace = kFreePlace;

class LazyArenaTest : public LazyImageTest {
 protected:
  void SetUp() override {
    if (const auto works = try_tracking(Tracking::async); !works) {
      GTEST_SKIP() << works.error().message();
    }
    arena_id_ = push_arena("arena");
  }
  [[nodiscard]] ImageId push_arena(const char* ref) {
    const Pool pool = must(Pool::create(ByteCount{16 << 20}));
    Arena arena = must(Arena::create(pool, ByteCount{kPagesMapped * kPageSize},
                                     {.at = reinterpret_cast<void*>(kPlace)}));  // NOLINT
    for (const auto& [page, number] : contents_) {
      std::memcpy(arena.data() + page * kPageSize, page_of_number(number).data(), kPageSize);
    }
    const std::string payload = "registers";
    const Commit commit = must(arena.commit({}, std::as_bytes(std::span(payload))));
    return must(at_.repository.push(commit, ref)).id();
  }
  static const std::byte* at(Arena& arena, std::uint64_t page) {
    return arena.data() + page * kPageSize;
  }
  void expect_right(Arena& arena) const {
    for (std::uint64_t page = 0; page < kPagesMapped; ++page) {
      const auto found = contents_.find(page);
      const auto right = page_of_number(found == contents_.end() ? 0 : found->second);
      ASSERT_EQ(std::memcmp(at(arena, page), right.data(), kPageSize), 0) << "page " << page;
    }
  }

  ImageId arena_id_;
};

TEST_F(LazyArenaTest, HoldsWhatItsCommitHoldsAtItsPlace) {
  LazyImages images = open();
  LazyArena lazy = must(images.checkout_arena(must(images.resolve("arena"))));
  EXPECT_EQ(lazy.commit(), arena_id_);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(lazy.arena().data()), kPlace);
  EXPECT_EQ(lazy.arena().head().payload().size(), 9u);
  EXPECT_EQ(lazy.arena().missing(), contents_.size());
  EXPECT_EQ(lazy.progress().had, 0u);
  expect_right(lazy.arena());
  EXPECT_EQ(lazy.progress().had, contents_.size());
  EXPECT_EQ(must(lazy.arena().commit()).pages(), 0u) << "since it was only read";
}

TEST_F(LazyArenaTest, BeginsAnewFromACheckoutThatIsHeld) {
  LazyImages images = open();
  const LazyCheckout held = must(images.checkout(arena_id_));
  for (int time = 0; time < 2; ++time) {
    LazyArena lazy = must(images.checkout_arena(arena_id_));
    EXPECT_EQ(lazy.arena().missing(), contents_.size());
    EXPECT_EQ(refs().size(), 3u) << "main, arena, and one lease";
    expect_right(lazy.arena());
    const_cast<std::byte*>(at(lazy.arena(), 5))[0] = std::byte{0xee};
  }
}

TEST_F(LazyArenaTest, IsPushedAgainAsWhatItIs) {
  LazyImages images = open();
  LazyArena lazy = must(images.checkout_arena(arena_id_));
  const_cast<std::byte*>(at(lazy.arena(), 5))[0] = std::byte{0xee};
  const Commit changed = must(lazy.arena().commit());
  EXPECT_EQ(changed.pages(), 1u);
  const PushedImage pushed = must(at_.repository.push(changed, "again"));
  EXPECT_EQ(pushed.pages_put(), 1u);
  std::uint64_t pages = 0;
  must(at_.repository.diff(arena_id_, pushed.id(), [&](PageRange range) {
    pages += range.pages();
    EXPECT_EQ(range.first, cleave::page_of(Address{kPlace}) + 5);
  }));
  EXPECT_EQ(pages, 1u);
}

// Nearly all pages of its leaves are some, so that these need not be read before.
TEST_F(LazyArenaTest, HoldsWhatItsCommitHoldsThoughItsLeavesComeLate) {
  for (std::uint64_t page = 0; page < kPagesMapped; ++page) contents_[page] = page % 9;
  arena_id_ = push_arena("dense");
  LazyImages images = open();
  LazyArena lazy = must(images.checkout_arena(arena_id_));
  EXPECT_EQ(lazy.arena().missing(), kPagesMapped) << "zeroes are not known to be some";
  const PushedImage before = must(lazy.pushed());
  const Commit start = must(lazy.arena().commit());
  EXPECT_EQ(start.pages(), 0u);
  const_cast<std::byte*>(at(lazy.arena(), 9))[0] = std::byte{0xee};  // which was zero
  const Commit changed = must(lazy.arena().commit());
  const PushedImage after = must(at_.repository.push(changed, "dense", {.since = &before}));
  EXPECT_EQ(after.pages_put(), 1u);
  EXPECT_LE(lazy.progress().had, 1u);
  must(lazy.arena().checkout(start));
  must(lazy.complete());
  EXPECT_EQ(lazy.arena().missing(), 0u);
  expect_right(lazy.arena());
  EXPECT_EQ(must(lazy.arena().commit()).pages(), 0u);
}

TEST_F(LazyArenaTest, RecallsWhatWasTouchedTheLastTime) {
  const std::vector<std::uint64_t> touched = {0, 3, 100, 101, 300, 370};
  {
    LazyImages images = open();
    LazyArena lazy = must(images.checkout_arena(arena_id_));
    EXPECT_EQ(must(lazy.recall()), 0u);
    for (const std::uint64_t page : touched)
      (void)*static_cast<const volatile std::byte*>(at(lazy.arena(), page));
    EXPECT_EQ(must(lazy.remember()), touched.size());
  }
  LazyImages images = open();
  LazyArena lazy = must(images.checkout_arena(arena_id_));
  EXPECT_EQ(must(lazy.recall()), touched.size());
  EXPECT_EQ(lazy.arena().missing(), contents_.size() - touched.size());
  trouble_.dead = true;
  for (const std::uint64_t page : touched) {
    EXPECT_EQ(
        std::memcmp(at(lazy.arena(), page), page_of_number(contents_[page]).data(), kPageSize), 0);
  }
  trouble_.dead = false;
}

TEST_F(LazyArenaTest, BringsWhatAnotherCheckoutHasFetched) {
  LazyImages images = open();
  LazyCheckout warm = must(images.checkout(arena_id_));
  const std::uint64_t first = raw(cleave::page_of(Address{kPlace}));
  for (const std::uint64_t page : {0, 3, 100}) must(page_of(warm.space(), first + page));
  EXPECT_EQ(must(warm.remember()), 3u);
  {
    LazyArena recalls = must(images.checkout_arena(arena_id_));
    EXPECT_EQ(must(recalls.recall()), 3u);
    EXPECT_EQ(recalls.arena().missing(), contents_.size() - 3);
    EXPECT_EQ(must(recalls.recall()), 0u);
  }
  must(warm.complete());
  trouble_.dead = true;
  {
    LazyArena completes = must(images.checkout_arena(arena_id_));
    EXPECT_EQ(must(completes.complete()), contents_.size());
    EXPECT_EQ(completes.arena().missing(), 0u);
    EXPECT_EQ(must(completes.complete()), 0u);
    expect_right(completes.arena());
  }
  trouble_.dead = false;
  EXPECT_EQ(must(warm.remember()), 3u) << "what the pool has is touched by nobody";
}

TEST_F(LazyArenaTest, IsCompletedBesideTheProgram) {
  LazyImages images = open();
  LazyArena lazy = must(images.checkout_arena(arena_id_));
  (void)must(
      lazy.arena().hold(at(lazy.arena(), 7), ByteCount{kPageSize}));  // which is in the pool then
  std::uint64_t told = 0;
  std::jthread rest([&](const std::stop_token& stop) {
    must(lazy.complete(stop, [&](const LazyProgress&) { ++told; }));
  });
  for (std::uint64_t page = 0; page < 200; page += 3) {
    EXPECT_EQ(
        std::memcmp(at(lazy.arena(), page), page_of_number(contents_[page]).data(), kPageSize), 0);
  }
  rest.join();
  EXPECT_GE(told, 1u);
  EXPECT_EQ(lazy.arena().missing(), 0u);
  trouble_.dead = true;
  expect_right(lazy.arena());
  trouble_.dead = false;
}

TEST_F(LazyArenaTest, KeepsALeaseForAsLongAsItLives) {
  const auto leases = [&] {
    std::uint64_t count = 0;
    for (const std::string& name : refs()) count += name.starts_with("readers/") ? 1 : 0;
    return count;
  };
  LazyImages images = open();
  {
    std::optional<LazyArena> lazy(must(images.checkout_arena(arena_id_)));
    EXPECT_EQ(leases(), 1u);
    must(at_.repository.forget("arena"));
    for (int round = 0; round < 3; ++round) must(at_.repository.collect());
    expect_right(lazy->arena());
    EXPECT_EQ(leases(), 1u);
  }
  EXPECT_EQ(leases(), 0u);
}

TEST_F(LazyArenaTest, ComesFromAPoolThatIsSmallerThanItIs) {
  LazyImages images = open({.memory = ByteCount{64 * kPageSize}});
  LazyArena lazy = must(images.checkout_arena(arena_id_));
  must(lazy.complete());
  expect_right(lazy.arena());
  EXPECT_EQ(must(lazy.arena().commit()).pages(), 0u);
}

TEST_F(LazyArenaTest, IsRefusedWhereTheImageIsOfNoArena) {
  LazyImages images = open();
  EXPECT_EQ(images.checkout_arena(id_).error().code, Errc::bad_argument);
  EXPECT_EQ(
      images.checkout_arena(arena_id_, {.arena = {.tracking = Tracking::software}}).error().code,
      Errc::unsupported);
  EXPECT_EQ(refs().size(), 2u) << "no lease is left";
}

thread_local sigjmp_buf back;
void jump_back(int /*signal*/) { siglongjmp(back, 1); }

bool can_touch(const std::byte* at) {
  if (sigsetjmp(back, 1) != 0) return false;
  (void)*static_cast<const volatile std::byte*>(at);
  return true;
}

TEST_F(LazyArenaTest, EndsATouchInSigbusWhileTheStoreIsDead) {
  struct sigaction before {};
  struct sigaction action {};
  action.sa_handler = jump_back;
  (void)sigaction(SIGBUS, &action, &before);
  {
    LazyImages images = open();
    LazyArena lazy = must(images.checkout_arena(arena_id_));
    trouble_.dead = true;
    testing::internal::CaptureStderr();
    EXPECT_FALSE(can_touch(at(lazy.arena(), 7)));
    const std::string said = testing::internal::GetCapturedStderr();
    const std::string page = testing::PrintToString(static_cast<const void*>(at(lazy.arena(), 7)));
    EXPECT_NE(said.find(page.substr(2)), std::string::npos) << said;
    EXPECT_NE(said.find("the image " + arena_id_.hex().substr(0, 12)), std::string::npos) << said;
    EXPECT_NE(said.find("the test's store is dead"), std::string::npos) << said;
    EXPECT_EQ(lazy.complete().error().code, Errc::io);
    EXPECT_EQ(lazy.arena().pin(at(lazy.arena(), 7), ByteCount{8}, PinAccess::read).error().code,
              Errc::io);
    const Hold hold = must(lazy.arena().hold(at(lazy.arena(), 7), ByteCount{8}));  // as it is
    EXPECT_EQ(hold.view().error().code, Errc::io);
    EXPECT_EQ(must(lazy.arena().commit()).pages(), 0u);
    trouble_.dead = false;
    expect_right(lazy.arena());
  }
  (void)sigaction(SIGBUS, &before, nullptr);
}

}  // namespace
}  // namespace cleave::detail::image
