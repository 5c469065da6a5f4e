#include "arena/member/arrivals.h"

#include <cstring>
#include <span>

#include "base/check.h"
#include "base/fail.h"
#include "space/read_ahead.h"
#include "sync/memory.h"

namespace cleave::detail {

Arrivals::~Arrivals() { sync::deallocate(aside_); }

Result<void> Arrivals::make_room(std::uint64_t pages) noexcept {
  if (pages == 0) return {};
  aside_ = static_cast<std::byte*>(sync::allocate(pages * kPageSize, kPageSize));
  if (aside_ != nullptr) return {};
  return fail(Errc::no_memory,
              "no memory to fetch the pages of the commit into before the first is put in place");
}

Result<void> Arrivals::fetch(PageNo page) noexcept {
  if (!has(page)) return {};
  waiting_[waiting_count_++] = page;
  return waiting_count_ < ReadAhead(from_).window() ? Result<void>{} : fetch_rest();
}

Result<void> Arrivals::fetch_rest() noexcept {
  const auto waiting = std::span(waiting_).first(waiting_count_);
  waiting_count_ = 0;
  ReadAhead ahead(from_);
  for (const PageNo page : waiting) ahead.add(page);
  ahead.bring();
  for (const PageNo page : waiting) {
    const auto look = walk_.look(page);
    if (!look) return tl::unexpected(look.error());
    std::memcpy(aside(fetched_++), look->bytes(), kPageSize);
  }
  return {};
}

const std::byte* Arrivals::next(PageNo page) noexcept {
  if (aside_ != nullptr) return aside(taken_++);
  const auto look = walk_.look(page);
  CLEAVE_CHECK(look && !may_be_away(), "a page of a commit was not fetched: a bug of cleave");
  return look->bytes();
}

}  // namespace cleave::detail
