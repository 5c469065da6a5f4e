// The collector takes what nothing leads to, in three rounds, and nothing else.
#include <gtest/gtest.h>

#include "tests/image/contents.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

class ImageCollector : public testing::Test {
 protected:
  [[nodiscard]] std::size_t packs() const { return must(at_.store()->list("packs")).size(); }

  Pool pool_ = must(Pool::create(32_MiB));
  InFolder at_;
};

TEST_F(ImageCollector, LeavesWhatRefsLeadTo) {
  Space space = space_with(pool_, pages(0, 100, 1));
  const auto one = must(at_.repository.push(must(space.snapshot()), "main"));
  write(space, {{1, 1000}});
  must(at_.repository.push(must(space.snapshot()), "main"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(must(at_.repository.collect()).removed, 0u);
  expect_contents(must(at_.open().checkout(pool_, one.id())), pages(0, 100, 1));
  expect_verifies(at_.repository);
}

TEST_F(ImageCollector, RemovesInThreeRoundsWhatIsForgotten) {
  Space kept = space_with(pool_, pages(0, 10, 1));
  must(at_.repository.push(must(kept.snapshot()), "kept"));
  Space gone = space_with(pool_, pages(0, 100, 5000));
  must(at_.repository.push(must(gone.snapshot()), "gone"));
  ASSERT_EQ(packs(), 2u);
  must(at_.repository.forget("gone"));
  EXPECT_EQ(must(at_.repository.collect()).candidates, 1u);
  EXPECT_EQ(must(at_.repository.collect()).condemned, 1u);
  EXPECT_EQ(packs(), 2u);
  EXPECT_EQ(must(at_.repository.collect()).removed, 1u);
  EXPECT_EQ(packs(), 1u);
  expect_verifies(at_.repository);
}

// In each state that the packs which it could reuse may be in.
TEST_F(ImageCollector, LosesNothingThatAPushWantsAgain) {
  for (unsigned rounds = 0; rounds < 5; ++rounds) {
    Space space = space_with(pool_, pages(0, 100, 1));
    must(at_.repository.push(must(space.snapshot()), "main"));
    must(at_.repository.forget("main"));
    for (unsigned i = 0; i < rounds; ++i) must(at_.repository.collect());
    Repository other = at_.open();
    const auto again = must(other.push(must(space.snapshot()), "main"));
    for (unsigned i = 0; i < 4; ++i) must(at_.repository.collect());
    expect_verifies(at_.repository);
    expect_contents(must(at_.open().checkout(pool_, again.id())), pages(0, 100, 1));
    must(at_.repository.forget("main"));
  }
}

// What is remembered of the last push is no promise of what the store has.
TEST_F(ImageCollector, LosesNothingOfAPushThatGoesOnFromOneThatIsGone) {
  Space space = space_with(pool_, pages(0, 100, 1));
  const auto before = must(at_.repository.push(must(space.snapshot()), "main"));
  Repository other = at_.open();
  must(other.forget("main"));
  for (unsigned i = 0; i < 3; ++i) must(other.collect());
  EXPECT_EQ(packs(), 0u);
  const auto after = must(at_.repository.push(must(space.snapshot()), "main",
                                              {.since = &before, .expected = ImageId{}}));
  expect_contents(must(at_.open().checkout(pool_, after.id())), pages(0, 100, 1));
  expect_verifies(at_.repository);
}

TEST_F(ImageCollector, CopiesWhatLivesOutOfAPackThatIsHalfDead) {
  Space space = space_with(pool_, pages(0, 100, 1));
  must(at_.repository.push(must(space.snapshot()), "gone"));
  must(space.discard(Address{10 * kPageSize}, 90 * kPageSize));
  const auto kept = must(at_.repository.push(must(space.snapshot()), "kept"));
  must(at_.repository.forget("gone"));
  // Its parent was not asked for: the ref is new.
  EXPECT_EQ(must(at_.repository.collect()).rewritten, 1u);
  Repository reader = at_.open();
  must(reader.resolve("kept"));  // It has looked, and then what it saw goes.
  must(at_.repository.collect());
  must(at_.repository.collect());
  expect_verifies(at_.repository);
  expect_contents(must(reader.checkout(pool_, kept.id())), pages(0, 10, 1));
}

}  // namespace
}  // namespace cleave::detail::image
