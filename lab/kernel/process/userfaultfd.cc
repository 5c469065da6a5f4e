// Write protection by userfaultfd, and its way to move pages.
#include "lab/kernel/process/userfaultfd.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>

#include "lab/kernel/test/layout.h"

namespace lab::kernel {
namespace {

// Newer than the headers that this is built with.
struct MoveRequest {
  std::uint64_t to, from, bytes, mode;
  std::int64_t moved;
};
constexpr unsigned long kMove = _IOWR(UFFDIO, 0x05, MoveRequest);
constexpr std::uint64_t kFeatureMove = std::uint64_t{1} << 16;

// What a mode asks for is of a descriptor, not of a page: one for each mode, and all pages of the
// process; a child starts without. `opening` is taken to open them. `owner` is written after
// `faults`, both sequentially consistent: a thread that finds this process to be the owner does not
// find descriptors that the process inherited.
using litmus::WpMode;
constexpr std::size_t kModes = 3;
std::array<std::atomic<int>, kModes> faults{-1, -1, -1};
std::atomic<pid_t> owner{0};
std::mutex opening;

constexpr std::uint64_t kFeatureUnpopulated = std::uint64_t{1} << 13;
constexpr std::uint64_t kFeatureAsync = std::uint64_t{1} << 15;

// One that blocks cannot be polled.
int open_faults(std::uint64_t features) {
  const int file = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
  uffdio_api api{UFFD_API, features, 0};
  if (file >= 0 && ioctl(file, UFFDIO_API, &api) == 0) return file;
  if (file >= 0) close(file);
  return -1;
}

std::uint64_t features_of(WpMode mode) {
  constexpr std::uint64_t kPlain = UFFD_FEATURE_PAGEFAULT_FLAG_WP;
  switch (mode) {
    case WpMode::async:
      return kPlain | kFeatureUnpopulated | kFeatureAsync;
    case WpMode::unpopulated:
      return kPlain | kFeatureUnpopulated;
    case WpMode::waits:
      break;
  }
  return kPlain;
}

int own_faults(WpMode mode) {
  const std::scoped_lock lock(opening);
  if (owner != getpid()) {
    for (std::atomic<int>& each : faults) each = -1;
    owner = getpid();
  }
  std::atomic<int>& own = faults[static_cast<std::size_t>(mode)];
  if (own < 0 && mode == WpMode::waits) own = open_faults(features_of(mode) | kFeatureMove);
  if (own < 0) own = open_faults(features_of(mode));
  return own;
}

bool register_range(int file, const char* address, std::size_t bytes, std::uint64_t mode) {
  uffdio_register range{};
  range.range = {reinterpret_cast<std::uintptr_t>(address), bytes};
  range.mode = mode;
  return ioctl(file, UFFDIO_REGISTER, &range) == 0;
}

bool set_protection(int file, const char* address, std::size_t bytes, std::uint64_t mode) {
  uffdio_writeprotect range{};
  range.range = {reinterpret_cast<std::uintptr_t>(address), bytes};
  range.mode = mode;
  return ioctl(file, UFFDIO_WRITEPROTECT, &range) == 0;
}

}  // namespace

bool write_protect(char* address, std::size_t bytes, WpMode mode) {
  const int file = own_faults(mode);
  return file >= 0 && register_range(file, address, bytes, UFFDIO_REGISTER_MODE_WP) &&
         set_protection(file, address, bytes, UFFDIO_WRITEPROTECT_MODE_WP);
}

bool write_unprotect(char* address, std::size_t bytes) {
  if (owner != getpid()) return false;
  // Any takes the protection away; only that whose page it is wakes who waits.
  bool done = false;
  for (const std::atomic<int>& file : faults)
    if (file >= 0) done = set_protection(file, address, bytes, 0) || done;
  return done;
}

void serve_write_fault(const char* address, WaitQueue& queue) {
  const auto& of_waiters = faults[static_cast<std::size_t>(WpMode::waits)];
  const auto& of_others = faults[static_cast<std::size_t>(WpMode::unpopulated)];
  queue.wait([&] { return owner == getpid() && (of_waiters >= 0 || of_others >= 0); });
  const auto page = reinterpret_cast<std::uintptr_t>(address);
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{of_waiters, POLLIN, 0}, pollfd{of_others, POLLIN, 0}};
    constexpr int kAWhile = 50;  // milliseconds; the other may have been opened meanwhile
    if (poll(ready.data(), ready.size(), kAWhile) <= 0) continue;
    const int file = (ready[0].revents & POLLIN) != 0 ? ready[0].fd : ready[1].fd;
    uffd_msg message;
    if (read(file, &message, sizeof message) != sizeof message) continue;
    if (message.event != UFFD_EVENT_PAGEFAULT) continue;
    const std::uint64_t at = message.arg.pagefault.address;
    if (at >= page && at < page + kSmallPage) return;
  }
}

// NOLINTNEXTLINE(readability-non-const-parameter): the pages leave `from`.
bool move_by_userfaultfd(char* from, char* to, std::size_t bytes) {
  MoveRequest request{reinterpret_cast<std::uintptr_t>(to), reinterpret_cast<std::uintptr_t>(from),
                      bytes, 0, 0};
  // Where `to` is registered already, to be write-protected, it stays so.
  if (owner == getpid())
    for (const std::atomic<int>& file : faults)
      if (file >= 0 && (ioctl(file, kMove, &request) == 0 || errno != EINVAL))
        return request.moved == static_cast<std::int64_t>(bytes);
  request.moved = 0;
  const int file = open_faults(kFeatureMove);
  if (file < 0) return false;
  const bool moved = register_range(file, to, bytes, UFFDIO_REGISTER_MODE_MISSING) &&
                     ioctl(file, kMove, &request) == 0;
  close(file);  // It is registered no more.
  return moved;
}

}  // namespace lab::kernel
