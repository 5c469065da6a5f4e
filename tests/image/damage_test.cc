// Bits that flip, files that end early, indexes that are lost: an error, or the right bytes.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "image/format/pack.h"
#include "tests/image/contents.h"
#include "tests/support/sanitized.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;
namespace files = std::filesystem;

std::string read_file(const files::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const files::path& path, const std::string& bytes) {
  files::permissions(path, files::perms::owner_write, files::perm_options::add);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class DamagedImage : public testing::Test {
 protected:
  DamagedImage() {
    Space space = space_with(pool_, contents_);
    id_ = must(at_.repository.push(must(space.snapshot()), "main")).id();
    for (const auto& file : files::directory_iterator(at_.path() + "packs")) pack_ = file.path();
  }

  // An error, or the right bytes; and whether verification says that all is well.
  bool is_well() {
    auto opened = Repository::open(at_.store());
    if (!opened) return false;
    const auto out = opened->checkout(pool_, id_);
    if (out) expect_contents(*out, contents_);
    const auto found = opened->verify();
    return found && found->problems.empty();
  }

  Pool pool_ = must(Pool::create(16_MiB));
  InFolder at_;
  Contents contents_ = pages(0, 40, 1);
  ImageId id_;
  files::path pack_;
};

TEST_F(DamagedImage, GivesNoWrongByteWhereABitFlips) {
  const std::string whole = read_file(pack_);
  ASSERT_TRUE(is_well());
  std::vector<std::size_t> places;  // of each class of bytes some: headers, frames, index, trailer
  for (std::size_t i = 0; i < whole.size(); i += whole.size() / 40) places.push_back(i);
  for (std::size_t i = 0; i < 64; i += 5) {
    places.push_back(i);
    places.push_back(whole.size() - 1 - i);
    places.push_back(whole.size() - kPackTrailer - 1 - i);
  }
  const std::size_t stride = kThreadSanitized ? 8 : 1;  // one thread alone races with none
  for (std::size_t i = 0; i < places.size(); i += stride) {
    std::string flipped = whole;
    flipped[places[i]] = static_cast<char>(flipped[places[i]] ^ 16);
    write_file(pack_, flipped);
    EXPECT_FALSE(is_well()) << "byte " << places[i];
  }
  write_file(pack_, whole);
  EXPECT_TRUE(is_well());
}

TEST_F(DamagedImage, GivesNoWrongByteWhereAPackEndsEarly) {
  const std::string whole = read_file(pack_);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kPackHeader, whole.size() / 2,
                                 whole.size() - kPackTrailer, whole.size() - 1}) {
    write_file(pack_, whole.substr(0, size));
    EXPECT_FALSE(is_well()) << size << " bytes";
  }
  files::remove(pack_);
  EXPECT_FALSE(is_well()) << "no pack";
}

// What has lost its index gives the same answers.
TEST_F(DamagedImage, IsReadWithoutItsIndex) {
  const std::string whole = read_file(pack_);
  write_file(pack_, whole.substr(0, whole.size() - kPackTrailer));
  Repository repository = at_.open();
  must(repository.resolve("main"));
  expect_contents(must(repository.checkout(pool_, id_)), contents_);
}

TEST_F(DamagedImage, SaysThatItsRootIs) {
  for (const auto& file : files::directory_iterator(at_.path() + "cells/root")) {
    std::string bytes = read_file(file);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    write_file(file, bytes);
  }
  const auto opened = Repository::open(at_.store());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::io);
}

// Of a mark that is not complete nothing follows.
TEST_F(DamagedImage, IsNotCollected) {
  std::string bytes = read_file(pack_);
  const std::size_t index = kPackTrailer + 42 * kIndexEntry;  // 40 pages, a node, and the commit,
  const std::size_t place = bytes.size() - index - 10;        // which lie before it
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  write_file(pack_, bytes);
  Repository repository = at_.open();
  EXPECT_FALSE(repository.collect());
  EXPECT_TRUE(files::exists(pack_));
}

}  // namespace
}  // namespace cleave::detail::image
