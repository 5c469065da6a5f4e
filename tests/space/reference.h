// What spaces promise, as plainly as it can be said: a map of pages and a map of protections.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <cleave/error.h>
#include <cleave/region.h>
#include <cleave/units.h>

#include "space/regions.h"
#include "tests/support/bytes.h"

namespace cleave::detail {

/// A space or a snapshot. A copy is a fork.
struct Reference {
  std::map<std::uint64_t, Protection> mapped;  // page by page
  std::map<std::uint64_t, Bytes> contents;     // of pages that are not absent

  /// Code and address of an error; nothing when all is well.
  struct Answer {
    bool good = true;
    Errc code{};
    Address where{};
  };
  static Answer refuse(Errc code, std::uint64_t byte) { return {false, code, Address{byte}}; }

  /// The first page of the range that lacks `protection`.
  [[nodiscard]] Answer check(std::uint64_t first, std::uint64_t end, Protection protection) const {
    for (auto p = first; p < end; ++p) {
      const auto found = mapped.find(p);
      if (found == mapped.end()) return refuse(Errc::not_mapped, p * kPageSize);
      if (found->second < protection) return refuse(Errc::not_permitted, p * kPageSize);
    }
    return {};
  }

  Answer map(std::uint64_t first, std::uint64_t end, Protection protection) {
    for (auto p = first; p < end; ++p) {
      if (mapped.count(p) != 0) return refuse(Errc::already_mapped, p * kPageSize);
    }
    for (auto p = first; p < end; ++p) mapped[p] = protection;
    return {};
  }
  Answer unmap(std::uint64_t first, std::uint64_t end) {
    mapped.erase(mapped.lower_bound(first), mapped.lower_bound(end));
    contents.erase(contents.lower_bound(first), contents.lower_bound(end));
    return {};
  }
  Answer protect(std::uint64_t first, std::uint64_t end, Protection protection) {
    if (auto hole = check(first, end, Protection::none); !hole.good) return hole;
    for (auto p = first; p < end; ++p) mapped[p] = protection;
    return {};
  }
  Answer discard(std::uint64_t first, std::uint64_t end) {
    if (auto refused = check(first, end, Protection::read_write); !refused.good) return refused;
    contents.erase(contents.lower_bound(first), contents.lower_bound(end));
    return {};
  }

  Answer write(std::uint64_t at, const Bytes& bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::uint64_t page = (at + i) / kPageSize;
      if (auto refused = check(page, page + 1, Protection::read_write); !refused.good) {
        refused.where = Address{at + i};
        return refused;
      }
      auto& there = contents[page];
      if (there.empty()) there.resize(kPageSize);
      there[(at + i) % kPageSize] = bytes[i];
    }
    return {};
  }
  Answer read(std::uint64_t at, Bytes& into) const {
    for (std::size_t i = 0; i < into.size(); ++i) {
      const std::uint64_t page = (at + i) / kPageSize;
      if (auto refused = check(page, page + 1, Protection::read); !refused.good) {
        refused.where = Address{at + i};
        return refused;
      }
      const auto there = contents.find(page);
      into[i] = there == contents.end() ? std::byte{0} : there->second[(at + i) % kPageSize];
    }
    return {};
  }

  [[nodiscard]] std::vector<Region> regions() const {
    std::vector<Region> all;
    for (const auto& [page, protection] : mapped) {
      if (!all.empty() && all.back().pages.end == PageNo{page} &&
          all.back().protection == protection) {
        all.back().pages.end = PageNo{page + 1};
      } else {
        all.push_back({{PageNo{page}, PageNo{page + 1}}, protection});
      }
    }
    return all;
  }
};

}  // namespace cleave::detail
