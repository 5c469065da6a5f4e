// What a space holds, read, written and adopted without an accessor.
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <cleave/detail/word.h>
#include <cleave/space.h>

#include "base/fail.h"
#include "space/pages.h"
#include "space/space_state.h"

namespace cleave {
using namespace detail;
namespace {

// Of whatever length, page by page.
Result<void> write_bytes(SpaceState& s, Address to, std::span<const std::byte> from) {
  return for_each_page(to, from,
                       [&s](PageNo page, std::uint64_t offset, auto part) -> Result<void> {
                         return s.with_lock([&]() -> Result<void> {
                           s.lock.assume_held();  // by with_lock()
                           const auto base = s.writable(page);
                           if (!base) return tl::unexpected(base.error());
                           sync::write_bytes(*base + offset, part.data(), part.size());
                           return {};
                         });
                       });
}

// Of whole pages, several at a time.
Result<void> write_pages(SpaceState& s, Address to, std::span<const std::byte> from) {
  std::array<Table::NewPage, Table::kMostNewPages> some;
  while (!from.empty()) {
    const std::size_t count = std::min(from.size() / kPageSize, some.size());
    for (std::size_t i = 0; i < count; ++i) {
      some[i] = {page_of(to) + i, from.data() + i * kPageSize};
    }
    std::size_t written = 0;
    auto done = s.overwrite({some.data(), count}, written);
    to = to + written * kPageSize;
    from = from.subspan(written * kPageSize);
    if (done) continue;
    done.error().where = to;
    return done;
  }
  return {};
}

}  // namespace

Result<void> Space::read(Address from, std::span<std::byte> into) const {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  return for_each_page(from, into,
                       [&s](PageNo page, std::uint64_t offset, auto part) -> Result<void> {
                         return s.with_lock([&]() -> Result<void> {
                           s.lock.assume_held();  // by with_lock()
                           const auto base = s.readable(page);
                           if (!base) return tl::unexpected(base.error());
                           sync::read_bytes(part.data(), *base + offset, part.size());
                           return {};
                         });
                       });
}

bool Space::is_in_memory(Address at, ByteCount bytes) const noexcept {
  SpaceState& s = state();
  if (!s.is_here() || s.frames.away() == nullptr) return true;
  const sync::Guard guard(s.lock);
  return all_pages(at, bytes, [&s](PageNo page) {
    s.lock.assume_held();  // by the function around
    return s.frames.is_in_memory(s.table.find(page));
  });
}

Result<void> Space::write(Address to, std::span<const std::byte> from) {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  if (auto fits = check_within_limit(to, from.size()); !fits) return fits;
  const std::size_t first =
      std::min<std::size_t>(from.size(), (kPageSize - offset_in_page(to)) % kPageSize);
  const std::size_t pages = (from.size() - first) / kPageSize;
  if (auto done = write_bytes(s, to, from.first(first)); !done) return done;
  to = to + first;
  from = from.subspan(first);
  if (auto done = write_pages(s, to, from.first(pages * kPageSize)); !done) return done;
  return write_bytes(s, to + pages * kPageSize, from.subspan(pages * kPageSize));
}

Result<void> Space::adopt(Address at, std::span<const Backing::Place> places) {
  SpaceState& s = state();
  if (!s.is_here()) return not_here();
  if (s.frames.away() == nullptr) {
    return fail(Errc::unsupported, "a pool without a backing has no pages away; make one with one",
                at);
  }
  const auto pages = pages_at(at, ByteCount{places.size() * kPageSize});
  if (!pages) return tl::unexpected(pages.error());
  const sync::Guard guard(s.lock);
  if (auto mapped = s.regions.check(*pages, Protection::none); !mapped) return mapped;
  s.revoke_all();
  auto adopted = s.table.adopt(*pages, places, s.frames);
  s.resume();
  return adopted;
}

}  // namespace cleave
