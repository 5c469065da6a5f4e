// A page that cannot be had is an error, again and again until it can: never zeroes, never others'
// bytes.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "image/format/pack.h"
#include "tests/image/lazy_contents.h"
#include "tests/support/sanitized.h"

namespace cleave::detail::image {
namespace {

using LazyImageInTrouble = LazyImageTest;

TEST_F(LazyImageInTrouble, NamesThePageAndTheCommitWhileTheStoreIsDead) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  trouble_.dead = true;
  for (int again = 0; again < 3; ++again) {
    const auto read = page_of(lazy.space(), 7);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::io);
    EXPECT_EQ(read.error().where, address_of(PageNo{7}));
    EXPECT_NE(read.error().message().find(id_.hex().substr(0, 12)), std::string::npos);
    EXPECT_NE(read.error().message().find("the test's store is dead"), std::string::npos);
  }
  // Each way to a page.
  const Snapshot snapshot = must(lazy.space().snapshot());
  const auto view = snapshot.view(PageNo{7});
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().where, address_of(PageNo{7}));
  Accessor accessor = must(lazy.space().accessor());
  const auto word = accessor.load<std::uint64_t>(address_of(PageNo{7}) + 8);
  ASSERT_FALSE(word);
  EXPECT_EQ(word.error().code, Errc::io);
  EXPECT_EQ(word.error().where, address_of(PageNo{7}) + 8);
  const std::byte one{1};
  EXPECT_EQ(lazy.space().write(address_of(PageNo{7}), {&one, 1}).error().code, Errc::io);
  EXPECT_EQ(lazy.space().pin(address_of(PageNo{7}), ByteCount{8}, PinAccess::read).error().code,
            Errc::io);
  EXPECT_EQ(lazy.complete().error().code, Errc::io);
  EXPECT_EQ(lazy.recall().error().code, Errc::io);
  EXPECT_EQ(lazy.progress().had, 0u);
  // Absent pages need no store.
  EXPECT_EQ(must(page_of(lazy.space(), 250)), page_of_number(0));
  trouble_.dead = false;
  expect_contents(lazy.space(), contents_);
}

TEST_F(LazyImageInTrouble, LosesNothingWhateverCallFails) {
  for (std::uint64_t k = 0;; ++k) {
    trouble_.calls = 0;
    trouble_.kth = k;
    auto images = LazyImages::open(store(), {.memory = ByteCount{64 * kPageSize}});
    if (!images) continue;
    auto lazy = images->checkout(id_);
    if (lazy) {
      for (const auto& [page, number] : contents_) {
        auto read = page_of(lazy->space(), page);
        if (!read) {
          EXPECT_EQ(read.error().where, address_of(PageNo{page}));
          read = page_of(lazy->space(), page);
        }
        ASSERT_TRUE(read) << read.error().message();
        ASSERT_EQ(*read, page_of_number(number));
      }
    }
    const bool failed = trouble_.calls > k;
    trouble_.kth = ~0ull;
    lazy = tl::unexpected(Error{});
    if (!failed) break;
  }
  // What could not be ended then, ends with the process; here, by hand.
  for (const std::string& name : refs()) {
    if (name != "main") must(at_.repository.forget(name));
  }
  expect_verifies(at_.repository);
}

TEST_F(LazyImageInTrouble, AsksOnceMoreWhereItIsGivenOtherBytes) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  unsigned lied = 0;
  for (const auto& [page, number] : contents_) {
    trouble_.lies = 1;
    ASSERT_EQ(must(page_of(lazy.space(), page)), page_of_number(number));
    lied += trouble_.lies == 0 ? 1 : 0;
  }
  EXPECT_GE(lied, 10u) << "once a frame";
  trouble_.lies = 0;
}

TEST_F(LazyImageInTrouble, IsGivenNoOtherBytesWhereTheyStayOthers) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  trouble_.lies = ~0ull;
  unsigned refused = 0;
  for (const auto& [page, number] : contents_) {
    const auto read = page_of(lazy.space(), page);
    if (read) {
      EXPECT_EQ(*read, page_of_number(number)) << "in a frame that was at hand";
    } else {
      EXPECT_EQ(read.error().code, Errc::io);
      ++refused;
    }
  }
  EXPECT_GE(refused, 16u);
  trouble_.lies = 0;
  expect_contents(lazy.space(), contents_);
}

namespace files = std::filesystem;

class DamagedLazyImage : public LazyImageTest {
 protected:
  DamagedLazyImage() {
    for (const auto& file : files::directory_iterator(at_.path() + "packs")) pack_ = file.path();
    std::ifstream in(pack_, std::ios::binary);
    whole_.assign(std::istreambuf_iterator<char>(in), {});
    files::permissions(pack_, files::perms::owner_write, files::perm_options::add);
  }
  void write(const std::string& bytes) const {
    std::ofstream(pack_, std::ios::binary | std::ios::trunc) << bytes;
  }
  // Each page is right, or an error; how many were right.
  std::uint64_t expect_nothing_wrong(const Space& space) {
    std::uint64_t right = 0;
    for (const auto& [page, number] : contents_) {
      const auto read = page_of(space, page);
      if (!read) {
        EXPECT_EQ(read.error().code, Errc::io);
        continue;
      }
      EXPECT_EQ(*read, page_of_number(number)) << "page " << page;
      ++right;
    }
    return right;
  }

  files::path pack_;
  std::string whole_;
};

TEST_F(DamagedLazyImage, GivesNoWrongByteWhereABitFlips) {
  std::vector<std::size_t> places;  // of each class of bytes some: headers, frames, index, trailer
  for (std::size_t i = 0; i < whole_.size(); i += whole_.size() / 16) places.push_back(i);
  for (std::size_t i = 0; i < 64; i += 9) {
    places.push_back(i);
    places.push_back(whole_.size() - 1 - i);
    places.push_back(whole_.size() - kPackTrailer - 1 - i);
  }
  const std::size_t stride = kThreadSanitized ? 8 : 1;  // one thread alone races with none
  for (std::size_t i = 0; i < places.size(); i += stride) {
    write(whole_);
    LazyImages before = open({.lease = false});
    LazyCheckout open_then = must(before.checkout(id_));
    std::string flipped = whole_;
    flipped[places[i]] = static_cast<char>(flipped[places[i]] ^ 4);
    write(flipped);
    expect_nothing_wrong(open_then.space());
    LazyImages after = open({.lease = false});
    auto opened_now = after.checkout(id_);
    if (opened_now) expect_nothing_wrong(opened_now->space());
    write(whole_);
    expect_contents(open_then.space(), contents_);
  }
}

// What was read while it was damaged is not believed for ever.
TEST_F(DamagedLazyImage, IsWellAgainWhenItsPackIs) {
  const std::string without_index = whole_.substr(0, whole_.size() - kPackTrailer);
  std::string without_frames = without_index;
  without_frames[kPackHeader] = '?';
  for (const std::string& damaged :
       {std::string(), without_index.substr(0, whole_.size() / 2), without_frames}) {
    write(damaged);
    LazyImages images = open();
    EXPECT_FALSE(images.checkout(id_));
    write(whole_);
    LazyCheckout lazy = must(images.checkout(id_));
    expect_contents(lazy.space(), contents_);
  }
}

TEST_F(DamagedLazyImage, GivesNoWrongByteWhereAPackEndsEarlyOrIsGone) {
  LazyImages images = open();
  for (const std::size_t size :
       {std::size_t{0}, kPackHeader, whole_.size() / 2, whole_.size() - kPackTrailer}) {
    LazyCheckout lazy = must(images.checkout(id_));
    write(whole_.substr(0, size));
    expect_nothing_wrong(lazy.space());
    write(whole_);
    expect_contents(lazy.space(), contents_);
  }
  LazyCheckout lazy = must(images.checkout(id_));
  files::rename(pack_, pack_.string() + ".away");
  EXPECT_LE(expect_nothing_wrong(lazy.space()), 64u * 16u);
  files::rename(pack_.string() + ".away", pack_);
  expect_contents(lazy.space(), contents_);
}

}  // namespace
}  // namespace cleave::detail::image
