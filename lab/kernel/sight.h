// Page tables and frames as the kernel shows them to root.
#pragma once

#include <cstdint>

#include "lab/kernel/board.h"

namespace lab::kernel {

/// Bits of /proc/kpageflags.
inline constexpr unsigned kFlagKsm = 21;
inline constexpr unsigned kFlagHuge = 22;
/// No flag of its own: the kernel's "owner 2" bit, which anonymous pages use as the exclusive mark (5.19 and later).
/// For a large folio the flags are its first page's, whichever page is asked for.
inline constexpr unsigned kFlagExclusive = 34;

/// Forgets what this process knew of its page table: call it first in a child.
void forget_page_table();
/// What this process' page table says of `address`. All zero where it cannot be read.
Sight look_at(const void* address);
/// The frame alone, for those who look often. 0: none.
std::uint64_t frame_at(const void* address);

}  // namespace lab::kernel
