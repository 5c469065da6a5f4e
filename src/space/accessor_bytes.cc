// Runs of bytes through an accessor.
#include <algorithm>

#include <cleave/accessor.h>
#include <cleave/detail/word.h>

#include "base/handle_access.h"
#include "space/accessor_state.h"
#include "space/pages.h"

namespace cleave {
using namespace detail;
namespace {

// A fork waits for a section, so one copies no more than this; and no less where frames happen to
// lie side by side, because one long copy is a tenth faster than its pages one by one.
constexpr std::size_t kLongestRun = 16 * kPageSize;

std::size_t rest_of_page(Address at, std::size_t bytes) {
  return std::min<std::size_t>(bytes, kPageSize - offset_in_page(at));
}

// How many of `bytes` bytes from `at` on lie in one piece, the first page being at `base`. `find`
// gives the place of a page, or nullptr.
template <class Find>
std::size_t run_length(Address at, std::size_t bytes, const std::byte* base, Find find) {
  std::size_t size = rest_of_page(at, bytes);
  for (PageNo page = page_of(at) + 1; size < bytes && size < kLongestRun; ++page) {
    base += kPageSize;
    if (find(page) != base) break;
    size = std::min<std::size_t>(bytes, size + kPageSize);
  }
  return size;
}

std::size_t read_run(AccessorState& s, Address from, std::span<std::byte> into) {
  std::size_t size = 0;
  s.section.enter_reading();
  if (const std::byte* base = s.find_readable(page_of(from))) {
    size = run_length(from, into.size(), base, [&s](PageNo page) { return s.find_readable(page); });
    sync::read_bytes(into.data(), base + offset_in_page(from), size);
  }
  s.section.leave();
  return size;
}

std::size_t write_run(AccessorState& s, Address to, std::span<const std::byte> from) {
  std::byte* base = s.enter_writable(page_of(to));
  if (base == nullptr) return 0;
  const std::size_t size =
      run_length(to, from.size(), base, [&s](PageNo page) { return s.writable(raw(page)); });
  sync::write_bytes(base + offset_in_page(to), from.data(), size);
  s.section.leave();
  return size;
}

}  // namespace

Result<void> Accessor::read(Address from, std::span<std::byte> into) {
  AccessorState& s = state();
  if (auto fits = check_within_limit(from, into.size()); !fits) return fits;
  while (!into.empty()) {
    std::size_t size = read_run(s, from, into);
    if (size == 0) {
      size = rest_of_page(from, into.size());
      const auto where = s.lock_readable(from, size);
      if (!where) return tl::unexpected(where.error());
      sync::read_bytes(into.data(), *where, size);
      s.unlock();
    }
    from = from + size;
    into = into.subspan(size);
  }
  return {};
}

Result<void> Accessor::write(Address to, std::span<const std::byte> from) {
  AccessorState& s = state();
  if (auto fits = check_within_limit(to, from.size()); !fits) return fits;
  while (!from.empty()) {
    std::size_t size = write_run(s, to, from);
    if (size == 0) {
      size = rest_of_page(to, from.size());
      const auto where = s.lock_writable(to, size);
      if (!where) return tl::unexpected(where.error());
      sync::write_bytes(*where, from.data(), size);
      s.unlock();
    }
    to = to + size;
    from = from.subspan(size);
  }
  return {};
}

}  // namespace cleave
