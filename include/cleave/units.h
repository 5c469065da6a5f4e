// Strong units: a page number cannot be passed where a frame is meant.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/config.h>

namespace cleave {

/// A number of bytes. Implicit from integers, so that `space.map(4096)` and `64_MiB` both read
/// well; it never turns into an address or a page number by itself.
struct ByteCount {
  constexpr ByteCount(std::uint64_t n) : value(n) {}  // NOLINT(google-explicit-constructor)
  std::uint64_t value;
  // NOLINTNEXTLINE(modernize-use-nullptr): a false alarm of clang-tidy 14
  friend constexpr auto operator<=>(ByteCount, ByteCount) = default;
  friend constexpr ByteCount operator+(ByteCount a, ByteCount b) { return a.value + b.value; }
  friend constexpr ByteCount operator-(ByteCount a, ByteCount b) { return a.value - b.value; }
  friend constexpr ByteCount operator*(ByteCount a, std::uint64_t n) { return a.value * n; }
};

/// A byte address in a space, 0 to 2^48 - 1.
enum class Address : std::uint64_t {};
/// A virtual page: address / 4096.
enum class PageNo : std::uint64_t {};
/// A physical page of the pool. Frame 0 is the zero frame: always zero, never written, never
/// counted.
enum class FrameId : std::uint32_t {};

inline constexpr unsigned kPageBits = 12;
/// Bytes in a page and in a frame.
inline constexpr std::uint64_t kPageSize = std::uint64_t{1} << kPageBits;
inline constexpr unsigned kAddressBits = 48;
/// One past the last page that a space can hold.
inline constexpr PageNo kPageLimit{std::uint64_t{1} << (kAddressBits - kPageBits)};
inline constexpr FrameId kZeroFrame{0};

constexpr std::uint64_t raw(Address a) { return static_cast<std::uint64_t>(a); }
constexpr std::uint64_t raw(PageNo p) { return static_cast<std::uint64_t>(p); }
constexpr std::uint32_t raw(FrameId f) { return static_cast<std::uint32_t>(f); }

constexpr Address operator+(Address a, ByteCount n) { return Address{raw(a) + n.value}; }
constexpr ByteCount operator-(Address a, Address b) { return ByteCount{raw(a) - raw(b)}; }
constexpr PageNo operator+(PageNo p, std::uint64_t pages) { return PageNo{raw(p) + pages}; }
constexpr std::uint64_t operator-(PageNo a, PageNo b) { return raw(a) - raw(b); }
constexpr PageNo& operator++(PageNo& p) { return p = p + 1; }

constexpr PageNo page_of(Address a) { return PageNo{raw(a) >> kPageBits}; }
constexpr std::uint64_t offset_in_page(Address a) { return raw(a) & (kPageSize - 1); }
constexpr Address address_of(PageNo p) { return Address{raw(p) << kPageBits}; }

/// Pages `first` up to, but not with, `end`.
struct PageRange {
  PageNo first;
  PageNo end;
  [[nodiscard]] constexpr std::uint64_t pages() const { return end - first; }
  friend constexpr bool operator==(const PageRange&, const PageRange&) = default;
};

namespace literals {
constexpr ByteCount operator""_KiB(unsigned long long n) { return n << 10; }
constexpr ByteCount operator""_MiB(unsigned long long n) { return n << 20; }
constexpr ByteCount operator""_GiB(unsigned long long n) { return n << 30; }
constexpr ByteCount operator""_TiB(unsigned long long n) { return n << 40; }
}  // namespace literals

}  // namespace cleave
