// Page tables and frames as the kernel shows them to root.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace lab::kernel {

/// Bits of /proc/kpageflags.
inline constexpr unsigned kFlagLocked = 0;
inline constexpr unsigned kFlagWriteback = 8;
inline constexpr unsigned kFlagAnonymous = 12;
inline constexpr unsigned kFlagSwapBacked = 14;
inline constexpr unsigned kFlagHugetlb = 17;
inline constexpr unsigned kFlagKsm = 21;
inline constexpr unsigned kFlagHuge = 22;
inline constexpr unsigned kFlagZeroPage = 24;
/// No flag of its own: the kernel's "owner 2" bit, which anonymous pages use as the exclusive mark
/// (5.19 and later). For a large folio the flags are its first page's, whichever page is asked for.
inline constexpr unsigned kFlagExclusive = 34;

/// What a page table said of a page: the entry of pagemap, and the flags of the frame that it
/// names.
struct PageInfo {
  std::uint64_t entry = 0;
  std::uint64_t flags = 0;

  [[nodiscard]] bool present() const { return (entry >> 63 & 1) != 0; }
  /// Markers of userfaultfd stand there as swap of a type that no device has.
  [[nodiscard]] bool swapped() const {
    constexpr std::uint64_t kFirstSpecialType = 23;
    return (entry >> 62 & 1) != 0 && (entry & 31) < kFirstSpecialType;
  }
  [[nodiscard]] bool write_protected() const { return (entry >> 57 & 1) != 0; }
  [[nodiscard]] bool soft_dirty() const { return (entry >> 55 & 1) != 0; }
  /// 0: none is mapped.
  [[nodiscard]] std::uint64_t frame() const { return present() ? place() : 0; }
  /// Where it lies in swap; of something that is swapped().
  [[nodiscard]] std::uint64_t slot() const { return place(); }
  /// One of those above.
  [[nodiscard]] bool is(unsigned flag) const { return (flags >> flag & 1) != 0; }

 private:
  [[nodiscard]] std::uint64_t place() const { return entry & ((std::uint64_t{1} << 55) - 1); }
};

/// Forgets what this process knew of its page table: call it first in a child.
void reopen_pagemap();
/// What this process' page table says of `address`. All zero where it cannot be read.
PageInfo page_info(const void* address);
/// The same of another process, by its number in /proc. It may be gone.
PageInfo page_info_of(pid_t process, const void* address);
/// The frame alone, for those who look often. 0: none.
std::uint64_t frame_at(const void* address);
/// Whether the entries of this process' page table for the 2 MiB around `address`, where the large
/// folio was made that is at `address`, are all that map it. False also where that cannot be read.
bool maps_large_folio_alone(const void* address);
/// The flags of a frame, and how often it is mapped. 0 where they cannot be read.
std::uint64_t flags_of(std::uint64_t frame);
std::uint64_t maps_of(std::uint64_t frame);

}  // namespace lab::kernel
