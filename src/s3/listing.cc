#include "s3/listing.h"

#include <array>
#include <charconv>
#include <utility>

namespace cleave::detail::s3 {
namespace {

// What stands between <tag> and </tag>, from `at` on, which is moved behind it.
std::optional<std::string_view> element(std::string_view xml, std::string_view tag,
                                        std::size_t& at) {
  const std::string opening = "<" + std::string(tag) + ">";
  const std::string closing = "</" + std::string(tag) + ">";
  const std::size_t begin = xml.find(opening, at);
  if (begin == xml.npos) return std::nullopt;
  const std::size_t from = begin + opening.size();
  const std::size_t end = xml.find(closing, from);
  if (end == xml.npos) return std::nullopt;
  at = end + closing.size();
  return xml.substr(from, end - from);
}

std::optional<std::string_view> element(std::string_view xml, std::string_view tag) {
  std::size_t at = 0;
  return element(xml, tag, at);
}

// The five that XML has; others, as &#10;, stay: no key or token that is ours has them.
std::string without_entities(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string out;
  while (!text.empty()) {
    std::size_t taken = 1;
    char letter = text.front();
    for (const auto& [entity, stands_for] : kEntities) {
      if (!text.starts_with(entity)) continue;
      letter = stands_for;
      taken = entity.size();
      break;
    }
    out += letter;
    text.remove_prefix(taken);
  }
  return out;
}

std::optional<ImageStore::Item> item_of(std::string_view contents) {
  const auto key = element(contents, "Key");
  const auto size = element(contents, "Size");
  if (!key || !size) return std::nullopt;
  ImageStore::Item item;
  item.key = without_entities(*key);
  const char* const end = size->data() + size->size();
  const auto read = std::from_chars(size->data(), end, item.size);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return item;
}

}  // namespace

std::optional<Listing> parse_listing(std::string_view xml) {
  const std::size_t begin = xml.find("<ListBucketResult");
  const std::size_t end = xml.find("</ListBucketResult>");
  if (begin == xml.npos || end == xml.npos || end < begin) return std::nullopt;
  xml = xml.substr(begin, end - begin);
  Listing listing;
  for (std::size_t at = 0;;) {
    const auto contents = element(xml, "Contents", at);
    if (!contents) break;
    auto item = item_of(*contents);
    if (!item) return std::nullopt;
    listing.items.push_back(std::move(*item));
  }
  const auto more = element(xml, "IsTruncated");
  if (!more) return std::nullopt;
  if (*more != "true") return listing;
  const auto next = element(xml, "NextContinuationToken");
  if (!next || next->empty()) return std::nullopt;
  listing.next = without_entities(*next);
  return listing;
}

}  // namespace cleave::detail::s3
