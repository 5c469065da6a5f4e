// A test with a pool and a space in it.
#pragma once

#include <vector>

#include <cleave/accessor.h>
#include <cleave/must.h>
#include <cleave/snapshot.h>
#include <cleave/space.h>

#include "space/regions.h"
#include "tests/support/bytes.h"
#include "tests/support/failure.h"
#include "tests/support/on_a_pool.h"

namespace cleave::detail {

/// Where spaces end.
constexpr Address kEnd{std::uint64_t{1} << 48};

/// The regions of a space or a snapshot, in order.
template <class Source>
std::vector<Region> regions_of(const Source& source) {
  std::vector<Region> all;
  source.for_each_region([&](const Region& r) { all.push_back(r); });
  return all;
}

inline std::vector<Region> regions_of(const Regions& regions) {
  std::vector<Region> all;
  regions.for_each([&](const Region& r) { all.push_back(r); });
  return all;
}

inline std::vector<PageRange> differences(const Snapshot& a, const Snapshot& b) {
  std::vector<PageRange> ranges;
  must(diff(a, b, [&](PageRange r) { ranges.push_back(r); }));
  return ranges;
}

inline void PrintTo(const Region& r, std::ostream* out) {
  *out << testing::PrintToString(r.pages) << "/" << static_cast<int>(r.protection);
}

inline Region region(std::uint64_t first, std::uint64_t end,
                     Protection protection = Protection::read_write) {
  return {{PageNo{first}, PageNo{end}}, protection};
}

inline constexpr Address at_page(std::uint64_t page, std::uint64_t offset = 0) {
  return Address{page * kPageSize + offset};
}
inline constexpr ByteCount pages_of(std::uint64_t pages) { return pages * kPageSize; }

/// `value` at `at`, through the space itself.
template <class T>
void put(Space& space, Address at, T value) {
  must(space.write(at, std::as_bytes(std::span(&value, 1))));
}
template <class T, class Source>
T get(const Source& source, Address at) {
  T value{};
  must(source.read(at, std::as_writable_bytes(std::span(&value, 1))));
  return value;
}

class OnASpace : public OnAPool {
 protected:
  using OnAPool::OnAPool;

  [[nodiscard]] Space new_space() const { return must(Space::create(pool)); }
  /// With pages [16, 16 + count) mapped for reading and writing.
  [[nodiscard]] Space new_space(std::uint64_t count) const {
    Space space = new_space();
    must(space.map_at(at_page(16), pages_of(count)));
    return space;
  }
};

/// The last byte that a space can have.
inline constexpr Address kLastByte{(std::uint64_t{1} << 48) - 1};
inline constexpr Address kLastPage = address_of(PageNo{raw(kPageLimit) - 1});

}  // namespace cleave::detail
