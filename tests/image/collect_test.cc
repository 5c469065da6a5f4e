// The collector takes what nothing leads to, in three rounds, and nothing else.
#include <functional>
#include <utility>

#include <gtest/gtest.h>

#include "tests/image/contents.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

/// Something happens before the get of a number, from 0.
class InterruptedStore final : public ImageStore {
 public:
  InterruptedStore(std::unique_ptr<ImageStore> below, std::uint64_t at, std::function<void()> what)
      : below_(std::move(below)), left_(at), what_(std::move(what)) {}

  Result<std::vector<std::byte>> get(std::string_view key, std::uint64_t offset,
                                     std::uint64_t size) override {
    if (left_-- == 0) what_();
    return below_->get(key, offset, size);
  }
  Result<bool> put(std::string_view key, std::span<const std::byte> bytes) override {
    return below_->put(key, bytes);
  }
  Result<std::vector<Item>> list(std::string_view prefix) override { return below_->list(prefix); }
  Result<void> remove(std::string_view key) override { return below_->remove(key); }
  Result<Cell> cell(std::string_view name) override { return below_->cell(name); }
  Result<bool> swap(std::string_view name, std::uint64_t generation,
                    std::span<const std::byte> bytes) override {
    return below_->swap(name, generation, bytes);
  }

 private:
  std::unique_ptr<ImageStore> below_;
  std::uint64_t left_;
  std::function<void()> what_;
};

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

// Also in the middle of what it copies: the pack is gone then.
TEST_F(ImageCollector, CopiesWhatLivesThoughAnotherOneComesFirst) {
  for (std::uint64_t get = 0; get < 12; ++get) {
    InFolder at;
    Space space = space_with(pool_, pages(0, 300, 1));
    must(at.repository.push(must(space.snapshot()), "gone"));
    must(space.discard(Address{10 * kPageSize}, 100 * kPageSize));
    must(space.discard(Address{120 * kPageSize}, 170 * kPageSize));
    const auto kept = must(at.repository.push(must(space.snapshot()), "kept"));
    must(at.repository.forget("gone"));
    Repository one = must(Repository::open(std::make_unique<InterruptedStore>(at.store(), get, [&] {
      for (int i = 0; i < 2; ++i) must(at.repository.collect(true));
    })));
    must(one.collect());
    expect_verifies(at.repository);
    Contents contents = pages(0, 10, 1);
    contents.merge(pages(110, 10, 111));
    contents.merge(pages(290, 10, 291));
    expect_contents(must(at.open().checkout(pool_, kept.id())), contents);
  }
}

}  // namespace
}  // namespace cleave::detail::image
