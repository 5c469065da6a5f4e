// A span of bytes at an address, page by page.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <cleave/error.h>
#include <cleave/units.h>

#include "base/fail.h"

namespace cleave::detail {

/// bad_argument unless all of `bytes` bytes from `at` on lie below 2^48.
inline Result<void> check_within_limit(Address at, std::uint64_t bytes) {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << kAddressBits;
  if (raw(at) > kLimit || bytes > kLimit - raw(at)) {
    return fail(Errc::bad_argument, "the range ends beyond 2^48, where a space ends", at);
  }
  return {};
}

/// The pages of `size` bytes from `at` on. Errors: bad_argument (misaligned, zero, beyond 2^48).
inline Result<PageRange> pages_at(Address at, ByteCount size) {
  if (offset_in_page(at) != 0) {
    return fail(Errc::bad_argument, "the address is not a multiple of 4096", at);
  }
  if (size == 0) return fail(Errc::bad_argument, "the size is zero", at);
  if (auto fits = check_within_limit(at, size.value); !fits) return tl::unexpected(fits.error());
  return PageRange{page_of(at), page_of(at) + (size.value + kPageSize - 1) / kPageSize};
}

/// Whether `holds(page)` is true of each page that the bytes cover, as far as there are pages.
template <class Holds>
bool all_pages(Address at, ByteCount bytes, Holds holds) {
  if (bytes == 0 || !check_within_limit(at, bytes.value)) return true;
  const PageNo last = page_of(at + ByteCount{bytes.value - 1});
  for (PageNo page = page_of(at); page <= last; ++page) {
    if (!holds(page)) return false;
  }
  return true;
}

/// Calls `use(page, offset in it, part of bytes)` for each page that `bytes` covers at `at`; stops
/// at the first error, with `where` set to the first byte that was not served.
template <class Byte, class Use>
Result<void> for_each_page(Address at, std::span<Byte> bytes, Use use) {
  if (auto fits = check_within_limit(at, bytes.size()); !fits) return fits;
  while (!bytes.empty()) {
    const std::uint64_t offset = offset_in_page(at);
    const std::size_t size = std::min<std::size_t>(bytes.size(), kPageSize - offset);
    if (Result<void> done = use(page_of(at), offset, bytes.first(size)); !done) {
      done.error().where = at;
      return done;
    }
    bytes = bytes.subspan(size);
    at = at + size;
  }
  return {};
}

}  // namespace cleave::detail
