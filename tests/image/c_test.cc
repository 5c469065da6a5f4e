// Lazy images as C has them.
#include <cleave/image/c.h>

#include "tests/capi/owned.h"
#include "tests/image/contents.h"
#include "tests/support/far_below.h"
#include "tests/support/memory_backing.h"

namespace cleave::c {
namespace {

using detail::image::InFolder;
using testing::HasSubstr;

using OwnedImages = std::unique_ptr<cleave_lazy_images, Release<cleave_lazy_images_release>>;
using OwnedLazy = std::unique_ptr<cleave_lazy, Release<cleave_lazy_release>>;

constexpr std::uint64_t kPlace = detail::kFreePlace;

class CLazyImages : public InC {
 protected:
  OwnedImages open(const cleave_lazy_images_options& options) {
    return OwnedImages(cleave_lazy_images_open(
        cleave_directory_store_open(at_.path().c_str(), &error), &options, &error));
  }
  OwnedImages open() {
    cleave_lazy_images_options options{};
    options.size = sizeof options;
    options.memory = 16 << 20;
    return open(options);
  }
  cleave_image_id push_arena() {
    const Pool memory = must(Pool::create(ByteCount{16 << 20}));
    Arena arena = must(Arena::create(memory, ByteCount{64 * kPageSize},
                                     {.at = reinterpret_cast<void*>(kPlace)}));  // NOLINT
    std::memcpy(arena.data() + 7 * kPageSize, "seven", 6);
    const ImageId id =
        must(at_.repository.push(must(arena.commit()), "main", {.root_object = arena.data() + 9}))
            .id();
    cleave_image_id in_c;
    std::memcpy(in_c.bytes, id.bytes.data(), sizeof in_c.bytes);
    return in_c;
  }

  InFolder at_;
};

TEST_F(CLazyImages, AreArenasWherePagesComeWhenTheyAreTouched) {
  if (cleave_try_tracking(CLEAVE_TRACKING_ASYNC, &error) != CLEAVE_OK) {
    GTEST_SKIP() << message(error);
  }
  const cleave_image_id id = push_arena();
  const OwnedImages images = open();
  const cleave_arena_options arena_options{sizeof arena_options, nullptr, CLEAVE_TRACKING_ASYNC, 0,
                                           nullptr};
  const cleave_lazy_arena_options options{sizeof options, &arena_options, 30'000};
  const OwnedLazy lazy(cleave_lazy_checkout_arena(images.get(), &id, &options, &error));
  ASSERT_NE(lazy, nullptr) << message(error);
  EXPECT_EQ(cleave_lazy_space(lazy.get()), nullptr);
  EXPECT_EQ(cleave_lazy_root(lazy.get()), kPlace + 9);
  cleave_arena* arena = cleave_lazy_arena(lazy.get());
  EXPECT_EQ(cleave_arena_missing(arena), 1u);
  const char* data = static_cast<const char*>(cleave_arena_data(arena));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data), kPlace);
  EXPECT_STREQ(data + 7 * kPageSize, "seven");
  EXPECT_EQ(cleave_arena_missing(arena), 0u);
  const OwnedCommit commit(cleave_arena_commit(arena, nullptr, &error));
  EXPECT_EQ(cleave_commit_pages(commit.get()), 0u) << "since it was only read";
}

TEST_F(CLazyImages, AreRefusedWithWhatIsNotKnown) {
  cleave_lazy_images_options options{};
  EXPECT_EQ(open(options), nullptr);
  EXPECT_THAT(message(error), HasSubstr("sizeof"));
  options.size = sizeof options;
  options.memory = 16 << 20;
  options.flags = 2;
  EXPECT_EQ(open(options), nullptr);
  EXPECT_THAT(message(error), HasSubstr("flag"));
  const OwnedImages images = open();
  const cleave_image_id none{};
  EXPECT_EQ(cleave_lazy_checkout(images.get(), &none, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_IO);
  const cleave_lazy_arena_options arena{};
  EXPECT_EQ(cleave_lazy_checkout_arena(images.get(), &none, &arena, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
}

// As they do with the store. Not where the options' size is no size: they are not looked at there.
TEST_F(CLazyImages, TakeTheNextBackingAlsoWhereTheyAreRefused) {
  struct Longer {
    cleave_lazy_images_options options;
    std::uint64_t unknown;
  } given{};
  const auto ended_with = [&](auto change, bool with_store) {
    detail::Beyond beyond;
    auto next = std::make_unique<detail::MemoryBacking>(beyond);
    given = {};
    given.options.size = sizeof given.options;
    given.options.memory = 16 << 20;
    given.options.next = reinterpret_cast<cleave_backing*>(static_cast<Backing*>(next.get()));
    change(given);
    cleave_image_store* store =
        with_store ? cleave_directory_store_open(at_.path().c_str(), &error) : nullptr;
    EXPECT_EQ(cleave_lazy_images_open(store, &given.options, &error), nullptr);
    EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
    const bool ended = beyond.ended;
    if (ended) (void)next.release();
    return ended;
  };
  EXPECT_TRUE(ended_with([](Longer&) {}, false)) << "no store";
  EXPECT_TRUE(ended_with([](Longer& of) { of.options.flags = 2; }, true)) << "a flag";
  EXPECT_TRUE(ended_with(
      [](Longer& of) {
        of.options.size = sizeof of;
        of.unknown = 1;
      },
      true))
      << "a field";
  EXPECT_FALSE(ended_with([](Longer& of) { of.options.size = 0; }, true));
  EXPECT_FALSE(ended_with([](Longer& of) { of.options.size = 5000; }, true));
}

TEST_F(CLazyImages, RefuseNull) {
  const auto refused = [&](auto* answer) {
    return answer == nullptr && error.code == CLEAVE_BAD_ARGUMENT;
  };
  const OwnedImages images = open();
  cleave_image_id id{};
  EXPECT_TRUE(refused(cleave_directory_store_open(nullptr, &error)));
  EXPECT_TRUE(refused(cleave_lazy_images_open(nullptr, nullptr, &error)));
  EXPECT_TRUE(refused(cleave_lazy_images_open(
      cleave_directory_store_open(at_.path().c_str(), nullptr), nullptr, &error)));
  EXPECT_TRUE(refused(cleave_lazy_checkout(nullptr, &id, &error)));
  EXPECT_TRUE(refused(cleave_lazy_checkout(images.get(), nullptr, &error)));
  EXPECT_TRUE(refused(cleave_lazy_checkout_arena(images.get(), nullptr, nullptr, &error)));
  EXPECT_EQ(cleave_lazy_images_resolve(images.get(), "main", nullptr, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_lazy_recall(nullptr, nullptr, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_lazy_remember(nullptr, nullptr, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_lazy_complete(nullptr, nullptr, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_lazy_space(nullptr), nullptr);
  EXPECT_EQ(cleave_lazy_arena(nullptr), nullptr);
  EXPECT_EQ(cleave_lazy_root(nullptr), 0u);
  std::uint64_t pages = 1;
  cleave_lazy_progress(nullptr, &pages, nullptr);
  EXPECT_EQ(pages, 0u);
  cleave_lazy_stop(nullptr);
  cleave_lazy_release(nullptr);
  cleave_lazy_images_release(nullptr);
  cleave_image_store_release(nullptr);
}

}  // namespace
}  // namespace cleave::c
