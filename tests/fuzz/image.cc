// Whatever a repository's bytes are, the parser answers, within bounds; what it takes for good is
// written as bytes that are read as the same again. The first byte says what the others are.
#include <algorithm>
#include <string_view>

#include <cleave/image/id.h>

#include "fuzz.h"
#include "image/format/commit.h"
#include "image/format/frame.h"
#include "image/format/id.h"
#include "image/format/node.h"
#include "image/format/pack.h"
#include "image/format/root.h"

namespace image = cleave::detail::image;

namespace {

template <class Decode>
void expect_same_again(image::View bytes, Decode decode, bool exactly) {
  const auto read = decode(bytes);
  if (!read) return;
  const image::Bytes written = image::encode(*read);
  if (exactly) {
    fuzz::expect(std::ranges::equal(written, bytes), "the same is always the same bytes");
  }
  const auto again = decode(written);
  fuzz::expect(again && image::encode(*again) == written, "what is written is read as the same");
}

void try_frame(image::View bytes) {
  const auto length = image::length_of_frame(bytes);
  fuzz::expect(!length || *length <= image::kMostStored, "a frame's length has a bound");
  const auto frame = image::decode_frame(bytes);
  if (!frame) return;
  std::uint64_t sum = 0;
  for (const std::uint32_t size : frame->sizes) sum += size;
  fuzz::expect(sum == frame->plain.size() && sum <= image::kMostObject, "sizes add up");
  fuzz::expect(image::decode_frame(image::encode_frame(frame->plain, frame->sizes)).has_value(),
               "what was read can be written");
}

void expect_inside(const image::Index& index, std::uint64_t end) {
  for (const image::IndexEntry& entry : index) {
    fuzz::expect(std::uint64_t{entry.frame} + entry.length <= end, "an entry lies in the pack");
  }
}

// With the hash that it would have: no fuzzer finds that.
void try_root(image::View bytes) {
  image::Bytes sealed(bytes.begin(), bytes.end());
  const cleave::ImageId seal = image::hash(bytes);
  sealed.insert(sealed.end(), seal.bytes.begin(), seal.bytes.end());
  expect_same_again(sealed, image::decode_root, false);
}

void try_index(image::View bytes) {
  const std::uint64_t count = bytes.size() / image::kIndexEntry;
  const auto index = bytes.first(count * image::kIndexEntry);
  const image::Trailer trailer{image::kMostPack / 2, count, image::hash(index)};
  if (const auto read = image::decode_index(index, trailer)) expect_inside(*read, trailer.offset);
}

void try_pack(image::View bytes) {
  bool damaged = false;
  expect_inside(image::rebuild_index(bytes, damaged), bytes.size());
  if (bytes.size() < image::kPackTrailer) return;
  const auto trailer = image::decode_trailer(bytes.last(image::kPackTrailer), bytes.size());
  if (!trailer) return;
  fuzz::expect(trailer->offset + trailer->count * image::kIndexEntry <= bytes.size(),
               "an index lies in the pack");
  const auto index = bytes.subspan(trailer->offset, trailer->count * image::kIndexEntry);
  if (const auto read = image::decode_index(index, *trailer)) expect_inside(*read, bytes.size());
}

void try_names(std::string_view text) {
  if (const auto id = cleave::ImageId::parse(text)) {
    fuzz::expect(id->hex() == text, "an id is written in one way");
  }
  if (image::is_ref_name(text)) {
    fuzz::expect(text.find("..") != 0 && text.find("/.") == text.npos && text.front() != '/',
                 "a ref's name is no way out of a folder");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  switch (data[0]) {
    case 'n':
      expect_same_again(bytes, image::decode_node, true);
      break;
    case 'c':
      expect_same_again(bytes, image::decode_commit, true);
      break;
    case 'r':
      try_root(bytes);
      break;
    case 'f':
      try_frame(bytes);
      break;
    case 'i':
      try_index(bytes);
      break;
    case 'p':
      try_pack(bytes);
      break;
    default:
      try_names({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return 0;
}
