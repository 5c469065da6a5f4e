#include "lab/kernel/sight.h"

#include <fcntl.h>
#include <unistd.h>

namespace lab::kernel {
namespace {

constexpr std::uint64_t kPageSize = 4096;

// Of this process. A child that used its parent's would look at its parent.
int pagemap = -1;

std::uint64_t entry_of(const void* address) {
  if (pagemap < 0) pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  std::uint64_t entry = 0;
  const auto at = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(address) / kPageSize * 8);
  if (pread(pagemap, &entry, sizeof entry, at) != sizeof entry) return 0;
  return entry;
}

// What a file with a word for each frame says of one.
std::uint64_t word_of(const char* path, std::uint64_t frame) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::uint64_t word = 0;
  const ssize_t got = pread(file, &word, sizeof word, static_cast<off_t>(frame * 8));
  close(file);
  return got == sizeof word ? word : 0;
}

}  // namespace

void forget_page_table() {
  if (pagemap >= 0) close(pagemap);
  pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

Sight look_at(const void* address) {
  Sight sight;
  sight.entry = entry_of(address);
  if (sight.frame() != 0) sight.flags = flags_of(sight.frame());
  return sight;
}

std::uint64_t flags_of(std::uint64_t frame) { return word_of("/proc/kpageflags", frame); }
std::uint64_t maps_of(std::uint64_t frame) { return word_of("/proc/kpagecount", frame); }

std::uint64_t frame_at(const void* address) { return Sight{entry_of(address), 0}.frame(); }

}  // namespace lab::kernel
