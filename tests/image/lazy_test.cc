// Spaces whose pages come from a repository when they are touched.
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/image/lazy_contents.h"
#include "tests/support/memory_backing.h"

namespace cleave::detail::image {
namespace {

TEST_F(LazyImageTest, HoldsWhatItsCommitHolds) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(must(images.resolve("main"))));
  EXPECT_EQ(images.pool().statistics().away, contents_.size());
  EXPECT_EQ(images.pool().statistics().used, 0u);
  EXPECT_EQ(lazy.progress().pages, contents_.size());
  EXPECT_EQ(lazy.progress().had, 0u);
  expect_contents(lazy.space(), contents_);
  EXPECT_EQ(lazy.progress().had, contents_.size());
}

TEST_F(LazyImageTest, HasTheRegionsOfItsCommitWithTheirProtection) {
  Pool pool = must(Pool::create(ByteCount{1 << 20}));
  Space space = must(Space::create(pool));
  const Address low = address_of(PageNo{32});
  const Address high = address_of(PageNo{std::uint64_t{1} << 30});
  must(space.map_at(low, ByteCount{2 * kPageSize}));
  must(space.map_at(high, ByteCount{kPageSize}));
  must(space.write(low, page_of_number(1)));
  must(space.write(high, page_of_number(2)));
  must(space.protect(low, ByteCount{2 * kPageSize}, Protection::read));
  must(space.protect(high, ByteCount{kPageSize}, Protection::none));
  const ImageId id = must(at_.repository.push(must(space.snapshot()), "regions")).id();

  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id));
  EXPECT_EQ(must(page_of(lazy.space(), 32)), page_of_number(1));
  EXPECT_EQ(lazy.space().write(low, page_of_number(3)).error().code, Errc::not_permitted);
  EXPECT_EQ(page_of(lazy.space(), std::uint64_t{1} << 30).error().code, Errc::not_permitted);
  must(lazy.space().protect(high, ByteCount{kPageSize}, Protection::read));
  EXPECT_EQ(must(page_of(lazy.space(), std::uint64_t{1} << 30)), page_of_number(2));
}

TEST_F(LazyImageTest, ReadsAFrameOnceForItsPages) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  const std::uint64_t before = trouble_.gets;
  for (std::uint64_t i = 0; i < 160; ++i) must(page_of(lazy.space(), i));
  EXPECT_LE(trouble_.gets - before, 11u);
}

TEST_F(LazyImageTest, ForksAndIsWrittenLikeAnyOther) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  Space child = must(lazy.space().fork());
  const Snapshot before = must(lazy.space().snapshot());
  Contents changed = contents_;
  write(child, {{3, 77}, {250, 78}});
  changed[3] = 77;
  changed[250] = 78;
  const std::byte one{1};
  must(child.write(address_of(PageNo{8}), {&one, 1}));  // a part of a page that is not here
  auto part = page_of_number(contents_[8]);
  part[0] = one;
  EXPECT_EQ(must(page_of(child, 8)), part);
  write(child, {{8, contents_[8]}});
  expect_contents(child, changed);
  expect_contents(lazy.space(), contents_);
  must(child.rollback(before));
  expect_contents(child, contents_);
  const Pin pin =
      must(lazy.space().pin(address_of(PageNo{9}), ByteCount{2 * kPageSize}, PinAccess::read));
  EXPECT_EQ(std::memcmp(pin.pieces()[0].iov_base, page_of_number(contents_[9]).data(), kPageSize),
            0);
}

TEST_F(LazyImageTest, IsReadByAccessorsAndThreads) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      Accessor accessor = must(lazy.space().accessor());
      for (const auto& [page, number] : contents_) {
        std::uint64_t word = 0;
        std::memcpy(&word, page_of_number(number).data() + 8, sizeof word);
        EXPECT_EQ(must(accessor.load<std::uint64_t>(address_of(PageNo{page}) + 8)), word);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lazy.progress().had, contents_.size());
}

// One that names the page, and the page: wherever in the history they were put.
TEST_F(LazyImageTest, AsksTwiceAtMostForAPageHoweverLongItsHistory) {
  for (std::uint64_t generation = 1; generation <= 100; ++generation) {
    contents_[7 * generation % 200] = 10'000 + generation;
    push("main", contents_);
  }
  for (const std::uint64_t page : {0, 7, 100, 199, 300}) {
    LazyImages images = open();
    LazyCheckout lazy = must(images.checkout(id_));
    const std::uint64_t before = trouble_.gets;
    EXPECT_EQ(must(page_of(lazy.space(), page)), page_of_number(contents_.at(page)));
    EXPECT_LE(trouble_.gets - before, 2u) << "page " << page;
  }
}

TEST_F(LazyImageTest, FitsInLessMemoryThanItTakes) {
  LazyImages images = open({.memory = ByteCount{32 * kPageSize}});
  LazyCheckout lazy = must(images.checkout(id_));
  expect_contents(lazy.space(), contents_);
  expect_contents(lazy.space(), contents_);
  // What is written stays.
  write(lazy.space(), {{0, 5}, {1, 6}});
  Contents changed = contents_;
  changed[0] = 5;
  changed[1] = 6;
  expect_contents(lazy.space(), changed);
}

TEST_F(LazyImageTest, SaysThatWhatWasWrittenFillsItsMemory) {
  LazyImages images = open({.memory = ByteCount{32 * kPageSize}});
  LazyCheckout lazy = must(images.checkout(id_));
  Result<void> done;
  for (std::uint64_t i = 0; done && i < 40; ++i) {
    done = lazy.space().write(address_of(PageNo{i}), page_of_number(9));
  }
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::no_memory);
  EXPECT_NE(done.error().message().find("LazyOptions::next"), std::string::npos);
}

TEST_F(LazyImageTest, HandsOnWhatWasWritten) {
  Beyond beyond;
  {
    LazyImages images = open(
        {.memory = ByteCount{32 * kPageSize}, .next = std::make_unique<MemoryBacking>(beyond)});
    LazyCheckout lazy = must(images.checkout(id_));
    const Contents changed = pages(0, 100, 5000);
    write(lazy.space(), changed);
    EXPECT_GE(beyond.held(), 100u - 32u);
    Contents all = contents_;
    for (const auto& [page, number] : changed) all[page] = number;
    expect_contents(lazy.space(), all);
  }
  EXPECT_EQ(beyond.held(), 0u);
}

TEST_F(LazyImageTest, RefusesPlacesThatAreItsOwn) {
  Beyond beyond;
  beyond.last = std::uint64_t{1} << 62;
  LazyImages images =
      open({.memory = ByteCount{32 * kPageSize}, .next = std::make_unique<MemoryBacking>(beyond)});
  LazyCheckout lazy = must(images.checkout(id_));
  Result<void> done;
  for (std::uint64_t i = 0; done && i < 40; ++i) {
    done = lazy.space().write(address_of(PageNo{i}), page_of_number(9));
  }
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::io);
  EXPECT_EQ(beyond.held(), 0u);
}

TEST_F(LazyImageTest, HasRoomForSoManyPages) {
  const ImageId main = id_;
  const ImageId other = push("other", pages(0, 1, 7000));
  LazyImages images = open({.pages = contents_.size()});
  {
    LazyCheckout lazy = must(images.checkout(main));
    const auto second = images.checkout(other);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::no_memory);
    expect_contents(lazy.space(), contents_);
  }
  EXPECT_EQ(refs(), (std::vector<std::string>{"main", "other"}));
  const LazyCheckout again = must(images.checkout(main));
  EXPECT_EQ(LazyImages::open(store(), {.memory = ByteCount{1 << 20}, .pages = 0}).error().code,
            Errc::bad_argument);
}

TEST_F(LazyImageTest, OutlivesWhatItWasMadeBy) {
  std::optional<Space> child;
  {
    LazyImages images = open();
    LazyCheckout lazy = must(images.checkout(id_));
    child.emplace(must(lazy.space().fork()));
  }
  expect_contents(*child, contents_);
  EXPECT_EQ(refs().size(), 2u) << "its lease is there as long as it needs pages";
  child.reset();
  EXPECT_EQ(refs(), std::vector<std::string>{"main"});
}

// One lease, one read of each page, and no more memory than one takes.
TEST_F(LazyImageTest, SharesWhatHasComeWithAnotherOfItsCommit) {
  LazyImages images = open();
  std::optional<LazyCheckout> first(must(images.checkout(id_)));
  must(page_of(first->space(), 5));
  write(first->space(), {{6, 66}});
  LazyCheckout second = must(images.checkout(id_));
  EXPECT_EQ(refs().size(), 2u) << "main, and one lease";
  expect_contents(second.space(), contents_);
  const std::uint64_t gets = trouble_.gets;
  const std::uint64_t used = images.pool().statistics().used;
  EXPECT_EQ(must(page_of(first->space(), 6)), page_of_number(66));
  EXPECT_EQ(must(page_of(first->space(), 7)), page_of_number(contents_[7]));
  EXPECT_EQ(trouble_.gets, gets);
  EXPECT_EQ(images.pool().statistics().used, used);
  EXPECT_EQ(must(second.remember()), contents_.size());

  first.reset();
  must(at_.repository.forget("main"));
  for (int round = 0; round < 4; ++round) must(at_.repository.collect(true));
  EXPECT_EQ(refs().size(), 2u) << "the lease of the second, and what was touched";
  expect_contents(must(images.checkout(id_)).space(), contents_);
}

TEST_F(LazyImageTest, IsNotAChilds) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  const pid_t child = fork();
  if (child == 0) {
    const auto is_refused = [](const auto& done) {
      return !done && done.error().code == Errc::not_permitted;
    };
    const bool refused = is_refused(lazy.recall()) && is_refused(lazy.remember()) &&
                         is_refused(lazy.complete()) && is_refused(images.checkout(id_)) &&
                         is_refused(page_of(lazy.space(), 0));
    { const LazyCheckout gone(std::move(lazy)); }
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(refs().size(), 2u) << "the lease is the parent's";
  expect_contents(lazy.space(), contents_);
}

}  // namespace
}  // namespace cleave::detail::image
