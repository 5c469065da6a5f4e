// The format: vectors that never change, and bytes of strangers, which are refused.
#include <gtest/gtest.h>

#include "image/format/commit.h"
#include "image/format/frame.h"
#include "image/format/id.h"
#include "image/format/node.h"
#include "image/format/pack.h"
#include "image/format/root.h"

namespace cleave::detail::image {
namespace {

ImageRecord some_record() {
  ImageRecord record;
  record.root = hash(Bytes(kPageSize, std::byte{1}));
  record.height = 1;
  record.pages = 1;
  record.regions = {{{PageNo{0}, PageNo{4}}, Protection::read_write}};
  record.message = "one";
  return record;
}

Bytes some_node() {
  NodeRecord node;
  node.entries[5] = hash(Bytes(kPageSize, std::byte{1}));
  return encode(node);
}

// Whoever changes one of these has another format: it needs another version.
TEST(ImageFormat, NamesWhatItAlwaysNamed) {
  EXPECT_EQ(hash(Bytes(kPageSize, std::byte{1})).hex(),
            "3431383721510cf1c211de027cf958c183e16db5fabb6b230eb284c85e196aa9");
  EXPECT_EQ(hash(some_node()).hex(),
            "66c5eef0746ac61a986780cc327ca6d15b429bb84364225c6860797bec68907e");
  EXPECT_EQ(hash(encode(some_record())).hex(),
            "5dc5eff80be687c20fe536c2d758a5b6588653533630793a05e20be335c6c358");
}

// Reads every beginning of `good`, and `good` with each bit of its first bytes flipped.
template <class Decode>
void expect_only_whole(const Bytes& good, Decode decodes) {
  ASSERT_TRUE(decodes(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decodes(View(good).first(size))) << size;
  }
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decodes(longer));
  for (std::size_t bit = 0; bit < 8 * std::min<std::size_t>(good.size(), 256); ++bit) {
    Bytes flipped = good;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    (void)decodes(flipped);  // Whatever it says, within bounds.
  }
}

TEST(ImageFormat, IsReadWholeOrNotAtAll) {
  expect_only_whole(some_node(), [](View bytes) { return decode_node(bytes).has_value(); });
  expect_only_whole(encode(some_record()),
                    [](View bytes) { return decode_commit(bytes).has_value(); });
  Root root;
  root.refs["main"] = {hash({}), 3, {}};
  root.unneeded[hash({})] = {UnneededPack::State::condemned, 2};
  expect_only_whole(encode(root), [](View bytes) { return decode_root(bytes).has_value(); });
  const Bytes plain(2 * kPageSize, std::byte{1});
  const std::uint32_t sizes[] = {kPageSize, kPageSize};
  expect_only_whole(encode_frame(plain, sizes),
                    [](View bytes) { return decode_frame(bytes).has_value(); });
}

// A frame that says how large it becomes is believed up to the bound, no further.
TEST(ImageFormat, HasNoBombs) {
  const Bytes plain(kMostObject, std::byte{0});
  const std::uint32_t size[] = {static_cast<std::uint32_t>(plain.size())};
  const Bytes frame = encode_frame(plain, size);
  EXPECT_LT(frame.size(), 1024u);
  EXPECT_TRUE(decode_frame(frame));
  Bytes larger = frame;
  larger[14] = std::byte{0xff};  // of the plain size
  EXPECT_FALSE(decode_frame(larger));
  Bytes smaller = frame;  // more comes out than it says
  smaller[14] = std::byte{0x01};
  EXPECT_FALSE(decode_frame(smaller));
}

TEST(ImageFormat, RefusesRegionsThatCannotBe) {
  for (const std::vector<Region>& regions :
       {std::vector<Region>{{{PageNo{4}, PageNo{4}}, Protection::read}},
        std::vector<Region>{{{PageNo{4}, PageNo{2}}, Protection::read}},
        std::vector<Region>{{{PageNo{0}, kPageLimit + 1}, Protection::read}},
        std::vector<Region>{{{PageNo{0}, PageNo{4}}, Protection{3}}},
        std::vector<Region>{{{PageNo{0}, PageNo{4}}, Protection::read},
                            {{PageNo{3}, PageNo{5}}, Protection::read}}}) {
    ImageRecord record = some_record();
    record.regions = regions;
    EXPECT_FALSE(holds(record));
    EXPECT_FALSE(decode_commit(encode(record)));
  }
}

}  // namespace
}  // namespace cleave::detail::image
