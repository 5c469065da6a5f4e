#include "arena/memory/contents.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fail.h"
#include "base/kernel_abi.h"
#include "base/page_contents.h"
#include "base/refusal.h"

namespace cleave::detail {
namespace {

constexpr Refusals kOpen = CLEAVE_REFUSALS(
    "open", "/proc/self/mem or /proc/self/pagemap cannot be opened; is /proc mounted?");
constexpr Refusals kRead =
    CLEAVE_REFUSALS("reading /proc/self/mem", "a page of the memory cannot be read");

// Of an entry of /proc/self/pagemap.
constexpr std::uint64_t kInMemoryOrSwap = std::uint64_t{3} << 62;

// Of what PAGEMAP_SCAN is asked for.
constexpr std::uint64_t kPresent = 1 << 3;
constexpr std::uint64_t kSwapped = 1 << 4;

constexpr std::size_t kAtOnce = 8 * kPageSize;

std::uintptr_t address_of(const std::byte* at) { return reinterpret_cast<std::uintptr_t>(at); }

}  // namespace

Result<Contents> Contents::open() {
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (memory < 0) return refused(kOpen, errno);
  Contents opened(memory, ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (opened.pagemap_ < 0) return refused(kOpen, errno);
  return opened;
}

Contents::Contents(Contents&& from) noexcept
    : memory_(std::exchange(from.memory_, -1)), pagemap_(std::exchange(from.pagemap_, -1)) {}

Contents::~Contents() {
  if (memory_ >= 0) (void)close(memory_);
  if (pagemap_ >= 0) (void)close(pagemap_);
}

// Of a file's pages, those that were never touched hold what the file does.
Result<void> Contents::copy(const KernelMapping& mapping, std::span<const std::byte> from,
                            std::byte* to) const {
  return mapping.file == KernelMapping::File{} ? copy_touched(from, to) : copy_all(from, to);
}

Result<void> Contents::copy_touched(std::span<const std::byte> from, std::byte* to) const {
  std::array<ScannedRun, 256> runs;
  for (std::size_t done = 0; done < from.size();) {
    PagemapScan scan{};
    scan.size = sizeof scan;
    scan.start = address_of(from.data() + done);
    scan.end = address_of(from.data() + from.size());
    scan.runs = reinterpret_cast<std::uint64_t>(runs.data());
    scan.runs_size = runs.size();
    scan.any_of = scan.returned = kPresent | kSwapped;
    const int found = ioctl(pagemap_, kPagemapScan, &scan);
    if (found < 0 && is_interrupted(errno)) continue;
    // An older kernel tells of each page by itself.
    if (found < 0 || scan.walk_end <= scan.start) {
      return copy_touched_by_page(from.subspan(done), to + done);
    }
    for (const ScannedRun& run : std::span(runs).first(static_cast<std::size_t>(found))) {
      const std::size_t at = run.start - address_of(from.data());
      if (auto copied = copy_all(from.subspan(at, run.end - run.start), to + at); !copied) {
        return copied;
      }
    }
    done = scan.walk_end - address_of(from.data());
  }
  return {};
}

Result<void> Contents::copy_touched_by_page(std::span<const std::byte> from, std::byte* to) const {
  std::array<std::uint64_t, 512> entries;
  for (std::size_t done = 0; done < from.size();) {
    const std::size_t pages = std::min(entries.size(), (from.size() - done) / kPageSize);
    const std::uintptr_t first = address_of(from.data() + done) / kPageSize;
    const ssize_t got = pread(pagemap_, entries.data(), pages * sizeof entries[0],
                              static_cast<off_t>(first * sizeof entries[0]));
    if (got < 0 && is_interrupted(errno)) continue;
    // Who cannot know looks at all.
    if (got <= 0) return copy_all(from.subspan(done), to + done);
    const auto known = static_cast<std::size_t>(got) / sizeof entries[0];
    for (std::size_t page = 0; page < known; ++page, done += kPageSize) {
      if ((entries[page] & kInMemoryOrSwap) == 0) continue;
      if (auto copied = copy_all(from.subspan(done, kPageSize), to + done); !copied) return copied;
    }
  }
  return {};
}

Result<void> Contents::copy_all(std::span<const std::byte> from, std::byte* to) const {
  std::array<std::byte, kAtOnce> some;
  for (std::size_t done = 0; done < from.size();) {
    const std::span part(some.data(), std::min(some.size(), from.size() - done));
    if (auto got = read(address_of(from.data() + done), part); !got) return got;
    for (std::size_t at = 0; at < part.size(); at += kPageSize, done += kPageSize) {
      if (!is_zero(&part[at])) std::memcpy(to + done, &part[at], kPageSize);
    }
  }
  return {};
}

Result<void> Contents::read(std::uintptr_t at, std::span<std::byte> into) const {
  while (!into.empty()) {
    const ssize_t got = pread(memory_, into.data(), into.size(), static_cast<off_t>(at));
    if (got < 0 && is_interrupted(errno)) continue;
    if (got <= 0) {
      auto error = refused(kRead, got == 0 ? EIO : errno);
      error.value().where = Address{at - at % kPageSize};
      return error;
    }
    at += static_cast<std::size_t>(got);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace cleave::detail
