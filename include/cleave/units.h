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
  /// `n` bytes.
  constexpr ByteCount(std::uint64_t n) : value(n) {}  // NOLINT(google-explicit-constructor)
  std::uint64_t value;                                ///< how many
  /// By the number.
  // NOLINTNEXTLINE(modernize-use-nullptr): a false alarm of clang-tidy 14
  friend constexpr auto operator<=>(ByteCount, ByteCount) = default;
  /// As many bytes as both have.
  friend constexpr ByteCount operator+(ByteCount a, ByteCount b) { return a.value + b.value; }
  /// What is left of `a`. Precondition: no less than `b`.
  friend constexpr ByteCount operator-(ByteCount a, ByteCount b) { return a.value - b.value; }
  /// `n` times as many.
  friend constexpr ByteCount operator*(ByteCount a, std::uint64_t n) { return a.value * n; }
};

/// A byte address in a space, 0 to 2^48 - 1.
enum class Address : std::uint64_t {};
/// A virtual page: address / 4096.
enum class PageNo : std::uint64_t {};
/// A physical page of the pool. Frame 0 is the zero frame: always zero, never written, never
/// counted.
enum class FrameId : std::uint32_t {};

/// How many bits of an address say where in its page it is.
inline constexpr unsigned kPageBits = 12;
/// Bytes in a page and in a frame.
inline constexpr std::uint64_t kPageSize = std::uint64_t{1} << kPageBits;
/// How many bits an address in a space has.
inline constexpr unsigned kAddressBits = 48;
/// One past the last page that a space can hold.
inline constexpr PageNo kPageLimit{std::uint64_t{1} << (kAddressBits - kPageBits)};
/// The frame that is always zero.
inline constexpr FrameId kZeroFrame{0};

/// The number behind the type.
constexpr std::uint64_t raw(Address a) { return static_cast<std::uint64_t>(a); }
/// The number behind the type.
constexpr std::uint64_t raw(PageNo p) { return static_cast<std::uint64_t>(p); }
/// The number behind the type.
constexpr std::uint32_t raw(FrameId f) { return static_cast<std::uint32_t>(f); }

/// The address `n` bytes further on.
constexpr Address operator+(Address a, ByteCount n) { return Address{raw(a) + n.value}; }
/// The bytes from `b` up to `a`. Precondition: `a` is no less.
constexpr ByteCount operator-(Address a, Address b) { return ByteCount{raw(a) - raw(b)}; }
/// The page so many further on.
constexpr PageNo operator+(PageNo p, std::uint64_t pages) { return PageNo{raw(p) + pages}; }
/// The pages from `b` up to `a`. Precondition: `a` is no less.
constexpr std::uint64_t operator-(PageNo a, PageNo b) { return raw(a) - raw(b); }
/// To the next page.
constexpr PageNo& operator++(PageNo& p) { return p = p + 1; }

/// The page that the address lies in.
constexpr PageNo page_of(Address a) { return PageNo{raw(a) >> kPageBits}; }
/// How far into its page the address lies, in bytes.
constexpr std::uint64_t offset_in_page(Address a) { return raw(a) & (kPageSize - 1); }
/// The address of the page's first byte.
constexpr Address address_of(PageNo p) { return Address{raw(p) << kPageBits}; }

/// Pages `first` up to, but not with, `end`.
struct PageRange {
  PageNo first;  ///< the first page
  PageNo end;    ///< one past the last
  /// How many.
  [[nodiscard]] constexpr std::uint64_t pages() const { return end - first; }
  /// Whether both are the same pages.
  friend constexpr bool operator==(const PageRange&, const PageRange&) = default;
};

namespace literals {
/// Units of 2^10 bytes.
constexpr ByteCount operator""_KiB(unsigned long long n) { return n << 10; }
/// Units of 2^20 bytes.
constexpr ByteCount operator""_MiB(unsigned long long n) { return n << 20; }
/// Units of 2^30 bytes.
constexpr ByteCount operator""_GiB(unsigned long long n) { return n << 30; }
/// Units of 2^40 bytes.
constexpr ByteCount operator""_TiB(unsigned long long n) { return n << 40; }
}  // namespace literals

}  // namespace cleave
