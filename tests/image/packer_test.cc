// Where objects lie in packs.
#include "image/objects/packer.h"

#include <algorithm>

#include "image/objects/objects.h"
#include "tests/image/contents.h"
#include "tests/support/sanitized.h"

namespace cleave::detail::image {
namespace {

class ImagePacker : public testing::Test {
 protected:
  ImageId add(View object) {
    const ImageId id = hash(object);
    must(packer_.add(id, object));
    return id;
  }
  std::uint64_t largest_pack() {
    std::uint64_t largest = 0;
    for (const auto& item : must(store_->list("packs"))) largest = std::max(largest, item.size);
    return largest;
  }

  InFolder at_;
  std::unique_ptr<ImageStore> store_ = at_.store();
  Catalog catalog_;
  Packer packer_{*store_, catalog_};
};

TEST_F(ImagePacker, HasNodesInFramesOfTheirOwnBehindThePages) {
  std::vector<ImageId> pages;
  std::vector<ImageId> nodes;
  for (std::uint64_t i = 0; i < 100; ++i) {
    pages.push_back(add(page_of_number(1 + i)));
    const std::uint64_t node[2] = {i, i};
    if (i % 5 == 0) nodes.push_back(add(std::as_bytes(std::span(node))));
  }
  must(packer_.flush());
  std::uint32_t last_page = 0;
  for (const ImageId& id : pages) {
    const auto location = catalog_.find(id);
    ASSERT_TRUE(location);
    last_page = std::max(last_page, location->entry.frame + location->entry.length);
  }
  std::vector<std::uint32_t> frames;
  for (const ImageId& id : nodes) {
    const auto location = catalog_.find(id);
    ASSERT_TRUE(location);
    EXPECT_GE(location->entry.frame, last_page);
    if (std::ranges::find(frames, location->entry.frame) == frames.end()) {
      frames.push_back(location->entry.frame);
    }
  }
  EXPECT_EQ(frames.size(), 2u) << "20 of them, 16 in a frame";
}

// Of what compresses well the index is the larger part.
TEST_F(ImagePacker, PutsNoPackThatNoReaderWouldTake) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer takes half a minute for it";
  std::vector<ImageId> ids;
  for (std::uint64_t i = 0; i < 350'000; ++i) ids.push_back(add(std::as_bytes(std::span(&i, 1))));
  must(packer_.flush());
  EXPECT_LE(largest_pack(), kMostPack);
  Repository reader = at_.open();
  EXPECT_TRUE(must(reader.verify()).problems.empty());
  Objects objects(*store_, catalog_, [] { return Result<void>(); });
  for (std::size_t i = 0; i < ids.size(); i += 9973) {
    std::uint64_t value = 0;
    const View found = must(objects.read(ids[i]));
    ASSERT_EQ(found.size(), sizeof value);
    std::memcpy(&value, found.data(), sizeof value);
    EXPECT_EQ(value, i);
  }
}

}  // namespace
}  // namespace cleave::detail::image
