// A device reads into an ordinary buffer while the process forks and writes neighbouring bytes:
// what is lost with fork(2), what a child gets after MADV_DONTFORK, and what pinned pages cost a
// fork.
#include <sys/wait.h>

#include "common.h"

using namespace plain;

namespace {

constexpr std::size_t kPages = 16;
constexpr std::size_t kBytes = kPages * kPage;

// Of each page the device has the even sectors, the program the odd ones.
std::byte* sector(std::byte* buffer, std::size_t page, std::size_t i) {
  return buffer + page * kPage + i * kSector;
}

struct Tally {
  std::uint64_t forks, reads;
  std::uint64_t lost_in_parent, lost_in_child;
  std::uint64_t children_without_memory;
};

// In the child: what of the buffer is not as it was when the process forked, or changes later?
std::uint64_t lost_in_child(std::byte* buffer, std::uint64_t old_number, std::uint64_t new_number,
                            const Sector& written) {
  static std::byte copy[kBytes];
  std::memcpy(copy, buffer, kBytes);
  std::uint64_t lost = 0;
  const Sector before = numbered(old_number);
  const Sector after = numbered(new_number);
  for (std::size_t p = 0; p < kPages; ++p) {
    if (std::memcmp(sector(copy, p, 1), written.data(), kSector) != 0) ++lost;
    Sector seen;
    std::memcpy(seen.data(), sector(copy, p, 2), kSector);
    for (std::size_t w = 0; w < kWords; ++w) {
      if (seen[w] == before[w] || seen[w] == after[w]) continue;
      ++lost;
      break;
    }
  }
  usleep(2000);  // The parent's reads end meanwhile.
  for (std::size_t s = 0; s < kBytes; s += kSector)
    if (std::memcmp(copy + s, buffer + s, kSector) != 0) ++lost;
  return lost;
}

bool can_read(const std::byte* buffer) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  const bool can = write(ends[1], buffer, 1) == 1;  // EFAULT where there is no memory
  (void)close(ends[0]);
  (void)close(ends[1]);
  return can;
}

Tally run(Disk& disk, bool fixed, bool dont_fork, std::chrono::duration<double> time) {
  std::byte* buffer = anonymous(kBytes);
  if (dont_fork && madvise(buffer, kBytes, MADV_DONTFORK) != 0)
    not_possible("MADV_DONTFORK", errno);
  if (fixed && !disk.register_buffer(buffer, kBytes)) not_possible("a registered buffer", errno);
  auto* results = static_cast<Tally*>(
      mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (results == MAP_FAILED) not_possible("shared memory", errno);

  std::uint64_t number = 0;
  for (std::size_t p = 0; p < kPages; ++p) disk.start_read(number, sector(buffer, p, 2), fixed);
  disk.submit();
  disk.wait();
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    const std::uint64_t old_number = number;
    number = (number + 1) % kNumbers;
    const Sector written = numbered(number);
    for (std::size_t p = 0; p < kPages; ++p) {
      disk.start_read(number, sector(buffer, p, 2), fixed);
      std::memcpy(sector(buffer, p, 1), written.data(), kSector);
    }
    disk.submit();
    const pid_t child = fork();
    if (child == 0) {
      if (!can_read(buffer)) {
        ++results->children_without_memory;
      } else {
        results->lost_in_child += lost_in_child(buffer, old_number, number, written);
      }
      _exit(0);
    }
    if (child < 0) not_possible("fork", errno);
    // The classic loss: this write moves the page to a copy, and the device goes on with the old
    // one.
    const Sector later = numbered(number + kNumbers);
    for (std::size_t p = 0; p < kPages; ++p)
      std::memcpy(sector(buffer, p, 1), later.data(), kSector);
    disk.wait();
    const Sector expected = numbered(number);
    for (std::size_t p = 0; p < kPages; ++p) {
      ++results->reads;
      if (std::memcmp(sector(buffer, p, 2), expected.data(), kSector) != 0 ||
          std::memcmp(sector(buffer, p, 1), later.data(), kSector) != 0)
        ++results->lost_in_parent;
    }
    ++results->forks;
    (void)waitpid(child, nullptr, 0);
  }
  const Tally tally = *results;
  (void)munmap(results, sizeof(Tally));
  if (fixed) disk.unregister_buffer();
  (void)munmap(buffer, kBytes);
  return tally;
}

// What one fork takes, in us: the median of some.
double cost_of_fork() {
  std::vector<double> times;
  for (int i = 0; i < 9; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) _exit(0);
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
    if (child < 0) not_possible("fork", errno);
    (void)waitpid(child, nullptr, 0);
    times.push_back(time.count());
  }
  std::nth_element(times.begin(), times.begin() + 4, times.end());
  return times[4];
}

void print_costs(Disk& disk, std::size_t pages) {
  std::byte* buffer = anonymous(pages * kPage);
  const double unpinned = cost_of_fork();
  if (!disk.register_buffer(buffer, pages * kPage)) {
    std::printf("  %8zu pages: not possible here: a registered buffer: %s\n", pages,
                std::strerror(errno));
  } else {
    const double pinned = cost_of_fork();
    (void)madvise(buffer, pages * kPage, MADV_DONTFORK);
    const double left_out = cost_of_fork();
    std::printf("  %8zu pages: %8.0f us, pinned %8.0f us, pinned and left out %8.0f us\n", pages,
                unpinned, pinned, left_out);
    disk.unregister_buffer();
  }
  (void)munmap(buffer, pages * kPage);
}

}  // namespace

int main(int argc, char** argv) {
  print_kernel("fork");
  std::fflush(stdout);
  const auto time = time_to_run(argc, argv) / 3;
  Disk disk;
  const auto print = [](const char* how, const Tally& t) {
    std::printf(
        "%s:\n  %llu forks, %llu device reads; sectors lost in the parent: %llu, in children: "
        "%llu; children without the memory: %llu\n",
        how, static_cast<unsigned long long>(t.forks), static_cast<unsigned long long>(t.reads),
        static_cast<unsigned long long>(t.lost_in_parent),
        static_cast<unsigned long long>(t.lost_in_child),
        static_cast<unsigned long long>(t.children_without_memory));
    std::fflush(stdout);
  };
  print("fork(2), reads by address", run(disk, false, false, time));
  print("fork(2), reads through a registered buffer", run(disk, true, false, time));
  print("MADV_DONTFORK, reads through a registered buffer", run(disk, true, true, time));
  std::printf("time of a fork:\n");
  for (const std::size_t pages : {std::size_t{16}, std::size_t{1024}, std::size_t{16384}})
    print_costs(disk, pages);
}
