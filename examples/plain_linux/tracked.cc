// Snapshots by copying the pages that the kernel reports as written (userfaultfd's asynchronous
// write-protection and PAGEMAP_SCAN): what a device writes through a pin is not reported, and
// missing.
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "common.h"

// Newer than many headers: admin-guide/mm/userfaultfd and admin-guide/mm/pagemap describe them.
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif

using namespace plain;

namespace {

struct ScannedRegion {
  std::uint64_t start, end, categories;
};
struct ScanArguments {
  std::uint64_t size, flags, start, end, walk_end, regions, regions_size, most_pages;
  std::uint64_t inverted, all_of, any_of, returned;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArguments);
constexpr std::uint64_t kProtectMatching = 1;  // protect again what is reported
constexpr std::uint64_t kOnlyAsync = 2;
constexpr std::uint64_t kWritten = 2;

constexpr std::size_t kPages = 64;
constexpr std::size_t kBytes = kPages * kPage;

class Tracker {
 public:
  explicit Tracker(std::byte* buffer) : buffer_(buffer), snapshot_(kBytes) {
    faults_ = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
    if (faults_ < 0) not_possible("userfaultfd", errno);
    uffdio_api api{};
    api.api = UFFD_API;
    api.features = UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED;
    if (ioctl(faults_, UFFDIO_API, &api) != 0)
      not_possible("asynchronous write-protection (Linux 6.7)", errno);
    uffdio_register range{};
    range.range = {reinterpret_cast<std::uint64_t>(buffer), kBytes};
    range.mode = UFFDIO_REGISTER_MODE_WP;
    if (ioctl(faults_, UFFDIO_REGISTER, &range) != 0) not_possible("UFFDIO_REGISTER", errno);
    pagemap_ = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap_ < 0) not_possible("/proc/self/pagemap", errno);
    take();
  }
  ~Tracker() {
    (void)close(faults_);
    (void)close(pagemap_);
  }
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;

  /// Brings the snapshot up to date with the pages that were written since; how many.
  std::uint64_t take() {
    std::array<ScannedRegion, kPages> regions{};
    ScanArguments scan{};
    scan.size = sizeof scan;
    scan.flags = kProtectMatching | kOnlyAsync;
    scan.start = reinterpret_cast<std::uint64_t>(buffer_);
    scan.end = scan.start + kBytes;
    scan.regions = reinterpret_cast<std::uint64_t>(regions.data());
    scan.regions_size = regions.size();
    scan.all_of = kWritten;
    scan.returned = kWritten;
    const int found = ioctl(pagemap_, kPagemapScan, &scan);
    if (found < 0) not_possible("PAGEMAP_SCAN (Linux 6.7)", errno);
    std::uint64_t pages = 0;
    for (int i = 0; i < found; ++i) {
      const ScannedRegion& r = regions[static_cast<std::size_t>(i)];
      copy(r.start - scan.start, r.end - r.start);
      pages += (r.end - r.start) / kPage;
    }
    return pages;
  }
  /// The cure: whoever can be written to through a pin counts as written.
  void take_all_pinned() {
    (void)take();
    copy(0, kBytes);
  }

  /// Sectors of the snapshot that are not as the buffer is.
  std::uint64_t stale() const {
    std::uint64_t count = 0;
    for (std::size_t s = 0; s < kBytes; s += kSector)
      if (std::memcmp(snapshot_.data() + s, buffer_ + s, kSector) != 0) ++count;
    return count;
  }

 private:
  void copy(std::uint64_t from, std::uint64_t bytes) {
    std::memcpy(snapshot_.data() + from, buffer_ + from, bytes);
  }

  std::byte* buffer_;
  std::vector<std::byte> snapshot_;
  int faults_;
  int pagemap_;
};

enum class Reads { by_address, across_a_snapshot, registered, registered_and_known };

void run(Disk& disk, const char* how, Reads reads, std::chrono::duration<double> time) {
  std::byte* buffer = anonymous(kBytes);
  const bool fixed = reads == Reads::registered || reads == Reads::registered_and_known;
  if (fixed && !disk.register_buffer(buffer, kBytes)) not_possible("a registered buffer", errno);
  {
    Tracker tracker(buffer);
    std::uint64_t number = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t read = 0;
    std::uint64_t reported = 0;
    std::uint64_t lost = 0;
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
      number = (number + 1) % kNumbers;
      const Sector written = numbered(number);
      for (std::size_t p = 0; p < kPages; p += 2) {  // The device has these pages,
        disk.start_read(number, buffer + p * kPage, fixed);
        ++read;
      }
      for (std::size_t p = 1; p < kPages; p += 2)  // and the program those.
        std::memcpy(buffer + p * kPage, written.data(), kSector);
      disk.submit();
      if (reads == Reads::across_a_snapshot) reported += tracker.take();
      disk.wait();
      if (reads == Reads::registered_and_known) {
        tracker.take_all_pinned();
        reported += kPages;
      } else {
        reported += tracker.take();
      }
      ++snapshots;
      lost += tracker.stale();
      tracker.take_all_pinned();  // Start again from what is right.
    }
    std::printf("%s:\n  %llu snapshots, %llu device reads, %llu pages copied; sectors lost: %llu\n",
                how, static_cast<unsigned long long>(snapshots),
                static_cast<unsigned long long>(read), static_cast<unsigned long long>(reported),
                static_cast<unsigned long long>(lost));
    std::fflush(stdout);
  }
  if (fixed) disk.unregister_buffer();
  (void)munmap(buffer, kBytes);
}

}  // namespace

int main(int argc, char** argv) {
  print_kernel("tracked");
  std::fflush(stdout);
  const auto time = time_to_run(argc, argv) / 4;
  Disk disk;
  run(disk, "reads by address, ended before the snapshot", Reads::by_address, time);
  run(disk, "reads by address, under way during a snapshot", Reads::across_a_snapshot, time);
  run(disk, "reads through a registered buffer", Reads::registered, time);
  run(disk, "the same, where pinned pages always count as written", Reads::registered_and_known,
      time);
}
