// The nodes of a commit that name its pages: each can wait until one of its pages is wanted.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include <cleave/error.h>
#include <cleave/image/record.h>

#include "image/objects/objects.h"

namespace cleave::detail::image {

/// Leaves of a commit at most: a page's number, 64 times its leaf's and more, has 32 bits.
inline constexpr std::uint64_t kMostLeaves = std::uint64_t{1} << 26;

/// A node of the lowest level, which stands for 64 pages from `first` on.
struct Leaf {
  ImageId id;
  PageNo first{0};
  /// A bit for each of the 64, from the lowest on. Before the node was read: pages that may be
  /// there, as a region has them. Then: pages that are.
  std::uint64_t pages = 0;
  /// Once it was read: of each page that is there, in order. No more are kept, so that nodes with
  /// few pages take little memory however many of them there are.
  std::unique_ptr<const ImageId[]> ids = nullptr;

  [[nodiscard]] bool has(unsigned page) const { return (pages >> page & 1) != 0; }
  /// Once it was read: the page's name; none: it is zeroes.
  [[nodiscard]] ImageId name_of(unsigned page) const {
    if (!has(page)) return {};
    return ids[static_cast<unsigned>(std::popcount(pages & ((std::uint64_t{1} << page) - 1)))];
  }
};

/// All leaves, in order, of which none is read; the nodes above are. No more than the record says
/// that there are pages. Errors: as Objects::node(), bad_argument (there are more, or one lies in
/// no region), unsupported (more than kMostLeaves).
Result<std::vector<Leaf>> list_leaves(Objects& objects, const ImageRecord& record);

/// Reads the node, if it was not read before. Errors: as Objects::node(), bad_argument (it has a
/// page where there can be none).
Result<void> read_leaf(Objects& objects, Leaf& leaf);

/// How many bits of `pages` there are in all.
std::uint64_t count_pages(const std::vector<Leaf>& leaves);

}  // namespace cleave::detail::image
