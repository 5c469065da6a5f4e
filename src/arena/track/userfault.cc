#include "arena/track/userfault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <cleave/units.h>

#include "base/fail.h"
#include "base/own_file.h"
#include "base/refusal.h"
#include "base/uncancelled.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif

namespace cleave::detail {
namespace {

constexpr std::uint64_t kProtectMatching = 1 << 0;
constexpr std::uint64_t kOnlyAsync = 1 << 1;
constexpr std::uint64_t kWritten = 1 << 1;

constexpr Refusals kOpen = {
    .denied = "userfaultfd is forbidden here; a container's seccomp profile may do that",
    .descriptors =
        "userfaultfd found no file descriptor left under RLIMIT_NOFILE (ulimit -n); "
        "close some, or raise the limit",
    .files = "userfaultfd found the machine's table of files full (sysctl fs.file-max); close some",
    .memory = "userfaultfd ran short of the kernel's memory; free some, then try again",
    .missing = "the kernel has no userfaultfd"};
constexpr Refusals kAskAsync =
    CLEAVE_REFUSALS("ioctl(UFFDIO_API)",
                    "userfaultfd has no asynchronous write-protection; that came with Linux 6.7");
constexpr Refusals kAskSignal =
    CLEAVE_REFUSALS("ioctl(UFFDIO_API)",
                    "userfaultfd cannot write-protect shared memory; that came with Linux 6.4");
constexpr Refusals kWatch =
    CLEAVE_REFUSALS("ioctl(UFFDIO_REGISTER)", "userfaultfd cannot watch the arena's memory");
constexpr Refusals kWriteProtect =
    CLEAVE_REFUSALS("ioctl(UFFDIO_WRITEPROTECT)", "userfaultfd cannot protect the arena's memory");
constexpr Refusals kPagemap = {
    .denied =
        "/proc/self/pagemap may not be opened; a process that has changed its user has to "
        "call prctl(PR_SET_DUMPABLE, 1) first, and a container may forbid it",
    .descriptors =
        "no file descriptor is left for /proc/self/pagemap under RLIMIT_NOFILE "
        "(ulimit -n); close some, or raise the limit",
    .files = "the machine's table of files is full (sysctl fs.file-max); close some",
    .memory =
        "the kernel ran short of memory opening /proc/self/pagemap; free some, then try again",
    .missing = "/proc/self/pagemap cannot be opened; is /proc mounted?"};
constexpr Refusals kScan = {
    .denied =
        "PAGEMAP_SCAN is denied: a part of the arena was moved before its pages had come, "
        "something else was mapped over it, or a policy of the machine forbids the call",
    .descriptors = nullptr,
    .files = nullptr,
    .memory = "the kernel ran short of memory for PAGEMAP_SCAN; free some, then try again",
    .missing = "PAGEMAP_SCAN does not work here; it came with Linux 6.7"};

uffdio_range range_of(std::span<std::byte> range) {
  return {reinterpret_cast<std::uint64_t>(range.data()), range.size()};
}

int open_userfault() {
  const auto open = [](int flags) {
    return static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | flags));
  };
  const int descriptor = open(UFFD_USER_MODE_ONLY);
  // Before Linux 5.11: all or nothing, for the privileged.
  return above_standard_streams(descriptor < 0 && errno == EINVAL ? open(0) : descriptor);
}

Result<int> open_with(std::uint64_t feature, const Refusals& lacking) {
  const Uncancelled here;
  const int descriptor = open_userfault();
  if (descriptor < 0) return refused(kOpen, errno);
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_WP_UNPOPULATED | feature;
  if (ioctl(descriptor, UFFDIO_API, &api) == 0) return descriptor;
  const auto why = refused(lacking, errno);
  (void)close(descriptor);
  return why;
}

Result<int> open_async() { return open_with(UFFD_FEATURE_WP_ASYNC, kAskAsync); }
Result<int> open_late() {
  return open_with(UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_SIGBUS, kAskAsync);
}
Result<int> open_signal() { return open_with(UFFD_FEATURE_SIGBUS, kAskSignal); }

Result<int> open_pagemap() {
  const Uncancelled here;
  const int descriptor = above_standard_streams(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (descriptor < 0) return refused(kPagemap, errno);
  return descriptor;
}

}  // namespace

Result<Userfault> Userfault::open(Mode mode) {
  using Which = SharedDescriptor::Which;
  auto taken = mode == Mode::async    ? SharedDescriptor::take(Which::async_faults, open_async)
               : mode == Mode::signal ? SharedDescriptor::take(Which::signal_faults, open_signal)
                                      : SharedDescriptor::take(Which::late_faults, open_late);
  if (!taken) return tl::unexpected(taken.error());
  return Userfault(std::move(*taken));
}

Result<void> Userfault::watch(std::span<std::byte> range, std::uint64_t how) noexcept {
  uffdio_register wanted{};
  wanted.range = range_of(range);
  wanted.mode = how;
  if (ioctl(descriptor_.number(), UFFDIO_REGISTER, &wanted) == 0) return {};
  return refused(kWatch, errno);
}

Result<void> Userfault::watch(std::span<std::byte> range) noexcept {
  return watch(range, UFFDIO_REGISTER_MODE_WP);
}

Result<void> Userfault::watch_missing(std::span<std::byte> range) noexcept {
  return watch(range, UFFDIO_REGISTER_MODE_WP | UFFDIO_REGISTER_MODE_MISSING);
}

Result<void> Userfault::watch_only_missing(std::span<std::byte> range) noexcept {
  return watch(range, UFFDIO_REGISTER_MODE_MISSING);
}

int Userfault::put(std::byte* page, const std::byte* bytes) noexcept {
  for (;;) {
    uffdio_copy copy{};
    copy.dst = reinterpret_cast<std::uint64_t>(page);
    copy.src = reinterpret_cast<std::uint64_t>(bytes);
    copy.len = kPageSize;
    copy.mode = UFFDIO_COPY_MODE_WP;
    if (ioctl(descriptor_.number(), UFFDIO_COPY, &copy) == 0) return 0;
    if (errno != EAGAIN && errno != EINTR) return errno;
  }
}

void Userfault::unwatch(std::span<std::byte> range) noexcept {
  uffdio_range wanted = range_of(range);
  (void)ioctl(descriptor_.number(), UFFDIO_UNREGISTER, &wanted);
}

Result<void> Userfault::protect(std::span<std::byte> range) noexcept {
  uffdio_writeprotect wanted{};
  wanted.range = range_of(range);
  wanted.mode = UFFDIO_WRITEPROTECT_MODE_WP;
  // EAGAIN: the kernel would rather be asked again, as while mappings change.
  while (ioctl(descriptor_.number(), UFFDIO_WRITEPROTECT, &wanted) != 0) {
    if (errno == EAGAIN || errno == EINTR) continue;
    return refused(kWriteProtect, errno);
  }
  return {};
}

bool Userfault::open_up(std::span<std::byte> range) noexcept {
  uffdio_writeprotect wanted{};
  wanted.range = range_of(range);
  return insist([&] {
    int done;
    do {
      done = ioctl(descriptor_.number(), UFFDIO_WRITEPROTECT, &wanted);
    } while (done != 0 && (errno == EAGAIN || errno == EINTR));
    return done == 0;
  });
}

Result<Pagemap> Pagemap::open() {
  auto taken = SharedDescriptor::take(SharedDescriptor::Which::pagemap, open_pagemap);
  if (!taken) return tl::unexpected(taken.error());
  return Pagemap(std::move(*taken));
}

Result<Pagemap::Scanned> Pagemap::take_written(std::span<std::byte> range,
                                               std::span<ScannedRun> into) noexcept {
  return scan(range, into, kProtectMatching | kOnlyAsync);
}

Result<Pagemap::Scanned> Pagemap::look_for_written(std::span<std::byte> range,
                                                   std::span<ScannedRun> into) noexcept {
  return scan(range, into, kOnlyAsync);
}

Result<Pagemap::Scanned> Pagemap::scan(std::span<std::byte> range, std::span<ScannedRun> into,
                                       std::uint64_t flags) noexcept {
  PagemapScan scan{};
  scan.size = sizeof scan;
  scan.flags = flags;
  scan.start = reinterpret_cast<std::uint64_t>(range.data());
  scan.end = scan.start + range.size();
  scan.runs = reinterpret_cast<std::uint64_t>(into.data());
  scan.runs_size = into.size();
  scan.all_of = kWritten;
  scan.returned = kWritten;
  const int found = ioctl(descriptor_.number(), kPagemapScan, &scan);
  if (found < 0) return refused(kScan, errno);
  return Scanned{into.first(static_cast<std::size_t>(found)), scan.walk_end};
}

}  // namespace cleave::detail
