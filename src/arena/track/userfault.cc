#include "arena/track/userfault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fail.h"

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

struct ScanArguments {
  std::uint64_t size, flags, start, end, walk_end, runs, runs_size, most_pages;
  std::uint64_t inverted, all_of, any_of, returned;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArguments);
constexpr std::uint64_t kProtectMatching = 1 << 0;
constexpr std::uint64_t kOnlyAsync = 1 << 1;
constexpr std::uint64_t kWritten = 1 << 1;

// What the kernel answered when it had no descriptor, or no memory, to give.
bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

uffdio_range range_of(std::span<std::byte> range) {
  return {reinterpret_cast<std::uint64_t>(range.data()), range.size()};
}

}  // namespace

Result<Userfault> Userfault::open(Mode mode) {
  int descriptor =
      static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));
  if (descriptor < 0 &&
      errno == EINVAL) {  // Before Linux 5.11: all or nothing, for the privileged.
    descriptor = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
  }
  if (descriptor < 0 && is_shortage(errno)) {
    return fail(Errc::no_memory, "no descriptor or memory for a userfaultfd", {}, errno);
  }
  if (descriptor < 0) {
    return fail(Errc::unsupported,
                errno == EPERM
                    ? "userfaultfd is forbidden here; a container's seccomp profile may do that"
                    : "the kernel has no userfaultfd",
                {}, errno);
  }
  Userfault opened(descriptor);
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_WP_UNPOPULATED |
                 (mode == Mode::async ? std::uint64_t{UFFD_FEATURE_WP_ASYNC}
                                      : std::uint64_t{UFFD_FEATURE_SIGBUS});
  if (ioctl(descriptor, UFFDIO_API, &api) != 0) {
    return fail(Errc::unsupported,
                mode == Mode::async
                    ? "userfaultfd has no asynchronous write-protection; that came with Linux 6.7"
                    : "userfaultfd cannot write-protect shared memory; that came with Linux 6.4",
                {}, errno);
  }
  return opened;
}

Userfault::Userfault(Userfault&& from) noexcept
    : descriptor_(std::exchange(from.descriptor_, -1)) {}

Userfault::~Userfault() {
  if (descriptor_ >= 0) (void)close(descriptor_);
}

Result<void> Userfault::watch(std::span<std::byte> range) noexcept {
  uffdio_register wanted{};
  wanted.range = range_of(range);
  wanted.mode = UFFDIO_REGISTER_MODE_WP;
  if (ioctl(descriptor_, UFFDIO_REGISTER, &wanted) == 0) return {};
  return fail(errno == ENOMEM ? Errc::no_memory : Errc::unsupported,
              "userfaultfd cannot watch the arena's memory", {}, errno);
}

void Userfault::unwatch(std::span<std::byte> range) noexcept {
  uffdio_range wanted = range_of(range);
  (void)ioctl(descriptor_, UFFDIO_UNREGISTER, &wanted);
}

Result<void> Userfault::protect(std::span<std::byte> range) noexcept {
  uffdio_writeprotect wanted{};
  wanted.range = range_of(range);
  wanted.mode = UFFDIO_WRITEPROTECT_MODE_WP;
  // EAGAIN: the kernel would rather be asked again, as while mappings change.
  while (ioctl(descriptor_, UFFDIO_WRITEPROTECT, &wanted) != 0) {
    if (errno == EAGAIN || errno == EINTR) continue;
    return fail(errno == ENOMEM ? Errc::no_memory : Errc::unsupported,
                "userfaultfd cannot protect the arena's memory", {}, errno);
  }
  return {};
}

bool Userfault::open_up(std::span<std::byte> range) noexcept {
  uffdio_writeprotect wanted{};
  wanted.range = range_of(range);
  while (ioctl(descriptor_, UFFDIO_WRITEPROTECT, &wanted) != 0) {
    if (errno != EAGAIN && errno != EINTR) return false;
  }
  return true;
}

Result<Pagemap> Pagemap::open() {
  const int descriptor = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && is_shortage(errno)) {
    return fail(Errc::no_memory, "no descriptor for /proc/self/pagemap", {}, errno);
  }
  if (descriptor < 0) {
    return fail(Errc::unsupported,
                errno == EACCES
                    ? "/proc/self/pagemap may not be opened; a process that has changed its "
                      "user has to call prctl(PR_SET_DUMPABLE, 1) first"
                    : "/proc/self/pagemap cannot be opened; is /proc mounted?",
                {}, errno);
  }
  return Pagemap(descriptor);
}

Pagemap::Pagemap(Pagemap&& from) noexcept : descriptor_(std::exchange(from.descriptor_, -1)) {}

Pagemap::~Pagemap() {
  if (descriptor_ >= 0) (void)close(descriptor_);
}

Result<Pagemap::Scanned> Pagemap::take_written(std::span<std::byte> range,
                                               std::span<ScannedRun> into) noexcept {
  ScanArguments scan{};
  scan.size = sizeof scan;
  scan.flags = kProtectMatching | kOnlyAsync;
  scan.start = reinterpret_cast<std::uint64_t>(range.data());
  scan.end = scan.start + range.size();
  scan.runs = reinterpret_cast<std::uint64_t>(into.data());
  scan.runs_size = into.size();
  scan.all_of = kWritten;
  scan.returned = kWritten;
  const int found = ioctl(descriptor_, kPagemapScan, &scan);
  if (found < 0) {
    return fail(Errc::unsupported, "PAGEMAP_SCAN does not work here; it came with Linux 6.7", {},
                errno);
  }
  return Scanned{into.first(static_cast<std::size_t>(found)), scan.walk_end};
}

}  // namespace cleave::detail
