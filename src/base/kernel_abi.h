// Numbers of the kernel's interface that are newer than many headers. Older kernels refuse them.
#pragma once

#include <sys/ioctl.h>
#include <sys/mman.h>

#include <cstdint>

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24  // Linux 5.18
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U  // Linux 6.3
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4  // Linux 5.7; for shared memory 5.13
#endif

namespace cleave::detail {

/// An ioctl on /proc/self/pagemap, Linux 6.7: visits the page tables of a range, and what is empty
/// of them not at all.
struct PagemapScan {
  std::uint64_t size, flags, start, end, walk_end, runs, runs_size, most_pages;
  std::uint64_t inverted, all_of, any_of, returned;
};
inline constexpr unsigned long kPagemapScan = _IOWR('f', 16, PagemapScan);

/// Addresses of pages that PAGEMAP_SCAN reports.
struct ScannedRun {
  std::uint64_t start, end;
  std::uint64_t categories;
};

}  // namespace cleave::detail
