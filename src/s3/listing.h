// A page of the list of a bucket, as ListObjectsV2 answers. A stranger wrote it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cleave/image/store.h>

namespace cleave::detail::s3 {

struct Listing {
  std::vector<ImageStore::Item> items;
  std::string next;  ///< where the next page begins; empty: there is none
};

/// Nothing: it is no list. Keys are as they are in the bucket.
std::optional<Listing> parse_listing(std::string_view xml);

}  // namespace cleave::detail::s3
