// What a process does to its memory, where it takes more than one call.
#include "lab/kernel/process/memory_calls.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include <fmt/format.h>

#include "lab/kernel/references/reference.h"
#include "lab/kernel/shared/pagemap.h"
#include "lab/kernel/test/last_entry.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace lab::kernel {
namespace {

tl::unexpected<std::string> failed(std::string_view what) {
  return tl::unexpected(fmt::format("{}: {}", what, std::strerror(errno)));
}

bool touch(const char* page) {
  const volatile char byte = *page;
  return byte == 0;
}

// One for the test. Of a mapping in which nothing was ever copied, a fork does not look at page
// tables: so one is.
constexpr std::size_t kFilePages = 2;

int file_with(std::uint64_t value) {
  std::array<char, kFilePages * kSmallPage> pages{};
  fill(pages.data(), pages.size(), value);
  const int file = memfd_create("cleave-lab-page", MFD_CLOEXEC);
  if (file < 0 || pwrite(file, pages.data(), pages.size(), 0) != static_cast<ssize_t>(pages.size()))
    return -1;
  return file;
}

tl::expected<void, std::string> merge_with_twin(char* page, std::uint64_t value) {
  void* twin =
      mmap(nullptr, kSmallPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (twin == MAP_FAILED) return failed("mmap");
  fill(static_cast<char*>(twin), kSmallPage, value);
  madvise(twin, kSmallPage, MADV_DONTFORK);
  madvise(page, kSmallPage, MADV_MERGEABLE);
  madvise(twin, kSmallPage, MADV_MERGEABLE);
  if (!merge_pages(page, twin).value_or(false))
    return tl::unexpected(std::string("KSM did not merge two equal pages"));
  munmap(twin, kSmallPage);
  return {};
}

tl::expected<void, std::string> make_huge(char* at, const model::PageSetup& page) {
  if (madvise(at, kHugePage, MADV_COLLAPSE) != 0) return failed("MADV_COLLAPSE");
  if ((page_info(at).flags >> kFlagHuge & 1) == 0)
    return tl::unexpected(std::string("no large folio after MADV_COLLAPSE"));
  if (!page.by_pmd && !split_pmd(at)) return failed("splitting a huge entry");
  return {};
}

// Leaves one entry of each part.
bool thin_out(char* at, std::uint32_t parts) {
  const std::size_t bytes = kHugePage / parts / kSmallPage * kSmallPage;
  for (std::uint32_t i = 0; i < parts; ++i)
    if (madvise(at + i * bytes + kSmallPage, bytes - kSmallPage, MADV_DONTNEED) != 0) return false;
  const std::size_t rest = kHugePage - parts * bytes;
  return rest == 0 || madvise(at + parts * bytes, rest, MADV_DONTNEED) == 0;
}

// KSM is to find those pages alike that stand for parts, and not hundreds of them: more than 256 it
// does not merge into one.
void tell_apart(char* at, std::uint32_t parts) {
  const std::size_t part = kHugePage / parts / kSmallPage * kSmallPage;
  constexpr std::size_t kUnused = kSmallPage / 4;  // by the halves
  for (std::size_t page = 0; page < kHugePage; page += kSmallPage)
    if (page % part != 0) std::memcpy(at + page + kUnused, &page, sizeof page);
}

// The mapping of one declaration, and its pages.
tl::expected<void, std::string> map_page(const CompiledTest& compiled, const model::PageSetup& page,
                                         const Placement& spot) {
  char* at = spot.address;
  const bool large = page.pages > 1;
  const std::size_t bytes = large || page.hugetlb ? kHugePage : kSmallPage;
  const bool from_file = page.kind == model::PageKind::file;
  const int file = from_file ? file_with(page.value) : -1;
  const int kind = page.kind == model::PageKind::shared ? MAP_SHARED : MAP_PRIVATE;
  const int flags = kind | MAP_FIXED_NOREPLACE | (from_file ? 0 : MAP_ANONYMOUS) |
                    (page.hugetlb ? MAP_HUGETLB : 0);
  const std::size_t mapped = from_file ? kFilePages * kSmallPage : bytes;
  if (mmap(at, mapped, PROT_READ | PROT_WRITE, flags, file, 0) != at)
    return failed(page.hugetlb ? "mmap of a huge page" : "mmap");
  if (from_file) {
    close(file);
    at[kSmallPage] = 1;
  }
  if (page.kind == model::PageKind::zero || from_file)
    touch(at);
  else
    fill(at, bytes, page.value);
  if (large) tell_apart(at, page.pages);
  if (large)
    if (auto made = make_huge(at, page); !made) return made;
  const auto declaration = static_cast<std::size_t>(&page - compiled.plan.setup.pages.data());
  if (large && may_leave_one_entry(compiled.plan, declaration) && !thin_out(at, page.pages))
    return failed("MADV_DONTNEED");
  if (page.kind == model::PageKind::ksm)
    if (auto merged = merge_with_twin(at, page.value); !merged) return merged;
  // References and reclaim find it as it will be for all, below.
  if (page.held > 0 || page.swapped) drain_batches();
  if (page.held > 0 && !hold(at, page.held)) return failed("vmsplice");
  if (page.swapped && swap_out(compiled, at, bytes, {}) != true)
    return tl::unexpected(std::string("MADV_PAGEOUT did not bring a page to swap"));
  if (page.readonly && mprotect(at, bytes, PROT_READ) != 0) return failed("mprotect");
  if (page.unmapped && munmap(at, bytes) != 0) return failed("munmap");
  return {};
}

// Pages that a test merges may be looked at by KSM, which then does not run.
void mark_mergeable(const CompiledTest& compiled) {
  for (const judge::ThreadPlan& line : compiled.plan.threads)
    for (const judge::Instruction& instruction : line.code) {
      if (instruction.operation == nullptr) continue;
      if (instruction.operation->word != litmus::Word::merge) continue;
      allow_merging(compiled.placements[instruction.page]);
      allow_merging(compiled.placements[instruction.other]);
    }
}

std::uint64_t number_in(const char* path) {
  std::uint64_t number = 0;
  std::ifstream(path) >> number;
  return number;
}

void write_to(const char* path, const char* text) { std::ofstream(path) << text << std::flush; }

// Whether the process has given up what this one does not map, and so cannot keep from reclaim.
// Other pages of its own come back from swap as they were.
bool gives_up_its_own(const CompiledTest& compiled, pid_t process) {
  return std::ranges::any_of(compiled.placements, [&](const Placement& place) {
    const PageInfo theirs = page_info_of(process, place.address);
    return theirs.frame() != 0 && theirs.frame() != frame_at(place.address) &&
           theirs.is(kFlagAnonymous) && !theirs.is(kFlagSwapBacked) && !theirs.is(kFlagHugetlb);
  });
}

// Reclaim of the test's whole group would take its other pages, too: they are locked meanwhile.
// Entries stay as they are, and nothing comes into memory.
void reclaim_all_but_others(const CompiledTest& compiled, const char* address) {
  std::vector<const Placement*> others;
  for (std::size_t i = 0; i < compiled.plan.setup.pages.size(); ++i) {
    const Placement& place = compiled.placements[compiled.plan.setup.first_page(i)];
    if (address < place.address || address >= place.address + kHugePage) others.push_back(&place);
  }
  for (const Placement* place : others) mlock2(place->address, kHugePage, MLOCK_ONFAULT);
  // Version 1 asks for no amount. Version 2 does: more than a test has, and says EAGAIN since it
  // found less.
  write_to(compiled.reclaim.c_str(), compiled.reclaim.ends_with("force_empty") ? "0" : "256M");
  for (const Placement* place : others) munlock(place->address, kHugePage);
  drain_batches();
}

}  // namespace

void allow_merging(const Placement& place) { madvise(place.address, place.bytes, MADV_MERGEABLE); }

pid_t listed_pid() {
  std::array<char, 32> name{};
  if (readlink("/proc/self", name.data(), name.size() - 1) <= 0) return 0;
  return static_cast<pid_t>(std::strtol(name.data(), nullptr, 10));
}

// "1234/task/1235"
int listed_thread() {
  std::array<char, 64> name{};
  if (readlink("/proc/thread-self", name.data(), name.size() - 1) <= 0) return 0;
  const std::string_view text(name.data());
  return static_cast<int>(std::strtol(name.data() + text.rfind('/') + 1, nullptr, 10));
}

void fill(char* from, std::size_t bytes, std::uint64_t value) {
  for (std::size_t at = 0; at < bytes; at += kSmallPage)
    for (const litmus::Half half : {litmus::Half::a, litmus::Half::b})
      std::memcpy(from + at + offset(half), &value, sizeof value);
}

tl::expected<void, std::string> lay_out_pages(const CompiledTest& compiled) {
  for (std::size_t i = 0; i < compiled.plan.setup.pages.size(); ++i) {
    const model::PageSetup& page = compiled.plan.setup.pages[i];
    auto mapped = map_page(compiled, page, compiled.placements[compiled.plan.setup.first_page(i)]);
    if (!mapped) return tl::unexpected(fmt::format("page {}: {}", page.name, mapped.error()));
  }
  drain_batches();
  mark_mergeable(compiled);
  return {};
}

std::optional<bool> merge_pages(const void* one, const void* other) {
  constexpr const char* kRun = "/sys/kernel/mm/ksm/run";
  constexpr const char* kScans = "/sys/kernel/mm/ksm/full_scans";
  const auto merged = [&] {
    if (other == nullptr) return (page_info(one).flags >> kFlagKsm & 1) != 0;
    const std::uint64_t frame = frame_at(one);
    return frame != 0 && frame == frame_at(other);
  };
  // A page is merged in the second scan that finds it unchanged; the first may be under way
  // already.
  constexpr std::uint64_t kEnough = 4;
  // Scans follow each other at once: what holds a page for a moment is gone by then.
  constexpr std::chrono::milliseconds kAMoment{5};
  const std::uint64_t begin = number_in(kScans);
  const auto start = std::chrono::steady_clock::now();
  const auto enough = [&] {
    return std::chrono::steady_clock::now() >= start + kAMoment &&
           number_in(kScans) >= begin + kEnough;
  };
  const auto latest = start + std::chrono::seconds(2);
  write_to(kRun, "1");
  // It does not tell when it is done.
  while (!merged() && !enough() && std::chrono::steady_clock::now() < latest) usleep(200);
  const bool came_round = enough();
  write_to(kRun, "0");
  if (merged()) return true;
  return came_round ? std::optional(false) : std::nullopt;
}

bool swap_on(const std::string& path) {
  return swapon(path.c_str(), SWAP_FLAG_PREFER | SWAP_FLAG_PRIO_MASK) == 0;
}

std::uint64_t free_huge_pages() {
  std::ifstream file("/proc/meminfo");
  std::uint64_t free = 0;
  std::uint64_t reserved = 0;
  for (std::string word; file >> word;) {
    if (word == "HugePages_Free:") file >> free;
    if (word == "HugePages_Rsvd:") file >> reserved;
  }
  return free - std::min(free, reserved);
}

bool hold_huge_pages(std::uint64_t but) {
  const std::uint64_t free = free_huge_pages();
  if (free <= but) return free == but;
  const std::size_t bytes = (free - but) * kHugePage;
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE;
  void* held = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  return held != MAP_FAILED && madvise(held, bytes, MADV_DONTFORK) == 0;
}

bool is_absent(const char* address, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += kSmallPage)
    if (page_info(address + at).present()) return false;
  return true;
}

std::optional<bool> swap_out(const CompiledTest& compiled, char* address, std::size_t bytes,
                             const std::vector<pid_t>& others) {
  for (int i = 0; i < 3; ++i) {
    madvise(address, bytes, MADV_PAGEOUT);
    if (is_absent(address, bytes)) return true;
    drain_batches();  // Reclaim passes by pages that are in one.
  }
  if (compiled.reclaim.empty()) return false;
  const auto has_own = [&](pid_t other) { return gives_up_its_own(compiled, other); };
  if (std::ranges::any_of(others, has_own)) return std::nullopt;
  reclaim_all_but_others(compiled, address);
  return is_absent(address, bytes);
}

// PAGEMAP_SCAN tells huge entries from others, since 6.7. Newer than the headers.
bool is_mapped_whole(const char* address) {
  struct Scan {
    std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    std::uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
  };
  struct Region {
    std::uint64_t start, end, categories;
  };
  constexpr unsigned long kScan = _IOWR('f', 16, Scan);
  constexpr std::uint64_t kHuge = 1 << 6;
  Region found{};
  Scan scan{};
  scan.size = sizeof scan;
  scan.start = reinterpret_cast<std::uintptr_t>(address);
  scan.end = scan.start + kSmallPage;
  scan.vec = reinterpret_cast<std::uintptr_t>(&found);
  scan.vec_len = 1;
  scan.category_mask = scan.return_mask = kHuge;
  const int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  const int regions = ioctl(file, kScan, &scan);
  close(file);
  return regions != 0;  // An older kernel does not tell: then it may be.
}

// Another kind of mapping for one page of it splits the mapping, and then the entry; then it is one
// mapping again.
bool split_pmd(char* address) {
  return madvise(address, kSmallPage, MADV_DONTFORK) == 0 &&
         madvise(address, kSmallPage, MADV_DOFORK) == 0;
}

// MADV_COLLAPSE does so first, even where there is nothing to collapse. The mapping must have had a
// page, though.
void drain_batches() {
  constexpr std::size_t kBytes = 3 * kHugePage;
  void* nothing = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (nothing == MAP_FAILED) return;
  auto* const begin = static_cast<char*>(nothing);
  *begin = 1;
  const std::size_t over = reinterpret_cast<std::uintptr_t>(begin) % kHugePage;
  madvise(begin + 2 * kHugePage - over, kHugePage, MADV_COLLAPSE);
  munmap(nothing, kBytes);
}

}  // namespace lab::kernel
