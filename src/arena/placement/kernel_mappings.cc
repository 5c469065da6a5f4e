#include "arena/placement/kernel_mappings.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/fail.h"
#include "base/own_file.h"
#include "base/refusal.h"
#include "base/uncancelled.h"

namespace cleave::detail {
namespace {

// Linux 6.11; Documentation/filesystems/proc.rst.
struct Query {
  std::uint64_t size, flags, address;
  std::uint64_t first, end, protection, page_size, offset, inode;
  std::uint32_t major, minor, name_size, build_id_size;
  std::uint64_t name, build_id;
};
constexpr unsigned long kQuery = _IOWR('f', 17, Query);
constexpr std::uint64_t kReadable = 1 << 0;
constexpr std::uint64_t kWritable = 1 << 1;
constexpr std::uint64_t kExecutable = 1 << 2;
constexpr std::uint64_t kShared = 1 << 3;
constexpr std::uint64_t kOrNext = 1 << 4;

constexpr Refusals kOpen = CLEAVE_REFUSALS("opening /proc/self/maps",
                                           "/proc/self/maps cannot be opened; is /proc mounted?");

int protection_of(bool read, bool write, bool execute) {
  return (read ? PROT_READ : 0) | (write ? PROT_WRITE : 0) | (execute ? PROT_EXEC : 0);
}

constexpr Refusals kAsk = CLEAVE_REFUSALS("reading /proc/self/maps",
                                          "the kernel does not say what this process has mapped");

Result<int> open_maps() {
  const Uncancelled here;
  const int descriptor = above_standard_streams(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
  if (descriptor < 0) return refused(kOpen, errno);
  return descriptor;
}

/// Takes a number off the front, and the character behind it.
std::uint64_t take_number(std::string_view& text, int base) {
  std::uint64_t value = 0;
  const auto [stop, wrong] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const auto taken = static_cast<std::size_t>(stop - text.data());
  text.remove_prefix(wrong == std::errc{} && taken < text.size() ? taken + 1 : text.size());
  return value;
}

/// As in "7f2a1c000000-7f2a1c021000 rw-s 00000000 00:01 4242      /memfd:cleave arena (deleted)".
KernelMapping parsed(std::string_view line) {
  KernelMapping mapping{};
  mapping.first = take_number(line, 16);
  mapping.end = take_number(line, 16);
  if (line.size() >= 5) {
    mapping.protection = protection_of(line[0] == 'r', line[1] == 'w', line[2] == 'x');
    mapping.shared = line[3] == 's';
    line.remove_prefix(5);
  }
  mapping.offset = take_number(line, 16);
  mapping.file.major = static_cast<std::uint32_t>(take_number(line, 16));
  mapping.file.minor = static_cast<std::uint32_t>(take_number(line, 16));
  mapping.file.inode = take_number(line, 10);
  return mapping;
}

/// The lines of a text that comes in parts. What of a line does not fit (it is a file's name) is
/// left out.
class Lines {
 public:
  explicit Lines(int descriptor) : descriptor_(descriptor) {}
  /// False: there is no other, or the file cannot be read.
  bool next(std::string_view& line) {
    const Uncancelled here;
    std::size_t size = 0;
    for (;;) {
      if (at_ == filled_) {
        const ssize_t got = pread(descriptor_, part_.data(), part_.size(), read_);
        if (got < 0 && is_interrupted(errno)) continue;
        if (got < 0) error_ = errno;
        if (got <= 0) return false;
        read_ += got;
        at_ = 0;
        filled_ = static_cast<std::size_t>(got);
      }
      const char c = part_[at_++];
      if (c == '\n') break;
      if (size < line_.size()) line_[size++] = c;
    }
    line = {line_.data(), size};
    return true;
  }
  /// errno, if the file could not be read to its end.
  [[nodiscard]] int error() const { return error_; }

 private:
  int descriptor_;
  std::array<char, 4096> part_;
  std::array<char, 128> line_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  off_t read_ = 0;
  int error_ = 0;
};

}  // namespace

Result<KernelMappings> KernelMappings::open() {
  auto maps = SharedDescriptor::take(SharedDescriptor::Which::mappings, open_maps);
  if (!maps) return tl::unexpected(maps.error());
  KernelMappings opened(std::move(*maps));
  Query none{};
  none.size = sizeof none;
  none.flags = kOrNext;
  opened.has_query_ = ioctl(opened.maps_.number(), kQuery, &none) == 0 || errno == ENOENT;
  return opened;
}

Result<void> KernelMappings::for_each(std::span<const std::byte> range, Visit visit) const {
  const auto first = reinterpret_cast<std::uintptr_t>(range.data());
  return has_query_ ? query_each(first, first + range.size(), visit)
                    : read_each(first, first + range.size(), visit);
}

Result<void> KernelMappings::query_each(std::uintptr_t first, std::uintptr_t end,
                                        Visit visit) const {
  while (first < end) {
    Query answer{};
    answer.size = sizeof answer;
    answer.flags = kOrNext;
    answer.address = first;
    if (ioctl(maps_.number(), kQuery, &answer) != 0) {
      if (errno == ENOENT) return {};
      if (is_interrupted(errno)) continue;
      return refused(kAsk, errno);
    }
    if (answer.first >= end) return {};
    if (answer.end <= first) return refused(kAsk, ENOSYS);  // one that only says yes
    const auto visited = visit({.first = answer.first,
                                .end = answer.end,
                                .protection = protection_of((answer.protection & kReadable) != 0,
                                                            (answer.protection & kWritable) != 0,
                                                            (answer.protection & kExecutable) != 0),
                                .shared = (answer.protection & kShared) != 0,
                                .offset = answer.offset,
                                .file = {answer.inode, answer.major, answer.minor}});
    if (!visited) return visited;
    first = answer.end;
  }
  return {};
}

Result<void> KernelMappings::read_each(std::uintptr_t first, std::uintptr_t end,
                                       Visit visit) const {
  Lines lines(maps_.number());
  for (std::string_view line; lines.next(line);) {
    const KernelMapping mapping = parsed(line);
    if (mapping.first >= end) return {};
    if (mapping.end <= first) continue;
    if (auto visited = visit(mapping); !visited) return visited;
  }
  if (lines.error() != 0) return refused(kAsk, lines.error());
  return {};
}

}  // namespace cleave::detail
