#include "adapters/program/state/hash.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "adapters/program/kernel/rseq.h"
#include "adapters/program/memory/kernel_maps.h"
#include "adapters/program/own/descriptors.h"
#include "adapters/program/own/open_descriptors.h"

namespace cleave::program {
namespace {

constexpr std::size_t kPage = 4096;
using Page = std::array<std::uint64_t, kPage / 8>;

// What of it lies in the page is made zero.
void leave_out(std::span<const std::byte> part, const std::byte* at, Page& page) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    const std::ptrdiff_t offset = part.data() + i - at;
    if (offset < 0 || offset >= static_cast<std::ptrdiff_t>(kPage)) continue;
    reinterpret_cast<std::byte*>(page.data())[offset] = std::byte{0};
  }
}

/// Reads also what the program cannot.
class Reader {
 public:
  explicit Reader(const std::vector<AddressRun>& protections) : protections_(protections) {}
  ~Reader() {
    if (memory_ >= 0) (void)close(memory_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void read(const std::byte* at, Page& into) {
    if (can_be_read(reinterpret_cast<std::uintptr_t>(at))) {
      std::memcpy(into.data(), at, kPage);
      return;
    }
    if (memory_ < 0) memory_ = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    into.fill(0);
    (void)!pread(memory_, into.data(), kPage,
                 static_cast<off_t>(reinterpret_cast<std::uintptr_t>(at)));
  }

 private:
  [[nodiscard]] bool can_be_read(std::uintptr_t at) const {
    const auto run =
        std::upper_bound(protections_.begin(), protections_.end(), at,
                         [](std::uintptr_t wanted, const AddressRun& r) { return wanted < r.end; });
    return run == protections_.end() || run->first > at || (run->value & PROT_READ) != 0;
  }

  const std::vector<AddressRun>& protections_;
  int memory_ = -1;
};

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  const std::uint64_t product = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return product ^ (product >> 29);
}

// Four at a time: they do not wait for each other.
std::uint64_t hash_of_page(const Page& page, std::uint64_t seed) {
  std::uint64_t any = 0;
  for (const std::uint64_t word : page) any |= word;
  if (any == 0) return 0;
  std::array<std::uint64_t, 4> lanes{seed, seed + 1, seed + 2, seed + 3};
  for (std::size_t i = 0; i < page.size(); i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      lanes[lane] = mixed(lanes[lane], page[i + lane] + 0x2545f4914f6cdd1d);
    }
  }
  return mixed(mixed(lanes[0], lanes[1]), mixed(lanes[2], lanes[3]));
}

/// The files that the arenas' memory is: where they have nothing, reading would make pages.
class Files {
 public:
  Files() {
    auto maps = kernel_maps();
    const auto open = open_descriptors();
    if (!maps || !open) return;
    are_known_ = true;
    maps_ = std::move(*maps);
    for (const int number : *open) {
      struct stat about {};
      if (is_own_descriptor(number) && fstat(number, &about) == 0 && S_ISREG(about.st_mode)) {
        files_.emplace_back(about.st_ino, number);
      }
    }
  }

  [[nodiscard]] bool are_known() const { return are_known_; }

  /// Pages that were never touched are left out.
  template <class Visit>
  void for_each_page(const Arena& arena, Visit visit) const {
    const int file = file_of(arena);
    const auto size = static_cast<off_t>(arena.size().value);
    for (off_t at = 0; at < size;) {
      const off_t data = file < 0 ? at : lseek(file, at, SEEK_DATA);
      if (data < 0) return;
      const off_t end = file < 0 ? size : lseek(file, data, SEEK_HOLE);
      for (at = data; at < end; at += kPage) visit(arena.data() + at);
    }
  }

 private:
  [[nodiscard]] int file_of(const Arena& arena) const {
    const auto at = reinterpret_cast<std::uintptr_t>(arena.data());
    for (const KernelMap& map : maps_) {
      if (at < map.first || at >= map.end) continue;
      for (const auto& [inode, number] : files_) {
        if (inode == map.inode) return number;
      }
    }
    return -1;
  }

  bool are_known_ = false;
  std::vector<KernelMap> maps_;
  std::vector<std::pair<std::uint64_t, int>> files_;
};

}  // namespace

std::optional<std::uint64_t> hash_of(const Members& members,
                                     const std::vector<AddressRun>& protections) {
  const std::span<const std::byte> without = written_by_the_kernel();
  const Files files;
  if (!files.are_known()) return std::nullopt;
  Reader reader(protections);
  std::uint64_t hash = 0;
  for (const Arena& arena : members.arenas()) {
    files.for_each_page(arena, [&](const std::byte* at) {
      Page copy;
      reader.read(at, copy);
      leave_out(without, at, copy);
      // Addition: in which order pages are met means nothing.
      hash += hash_of_page(copy, reinterpret_cast<std::uintptr_t>(at));
    });
  }
  return hash;
}

}  // namespace cleave::program
