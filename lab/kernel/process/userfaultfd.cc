// Write protection by userfaultfd, and its way to move pages.
#include "lab/kernel/process/userfaultfd.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
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

// One for all pages of the process; a child starts without. `opening` is taken to open it. `owner`
// is written after `faults`, both sequentially consistent: a thread that finds this process to be
// the owner does not find the descriptor that the process inherited.
std::atomic<int> faults{-1};
std::atomic<pid_t> owner{0};
std::mutex opening;

int open_faults(std::uint64_t features) {
  const int file = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC));
  uffdio_api api{UFFD_API, features, 0};
  if (file >= 0 && ioctl(file, UFFDIO_API, &api) == 0) return file;
  if (file >= 0) close(file);
  return -1;
}

int own_faults() {
  const std::scoped_lock lock(opening);
  if (owner != getpid()) {
    faults = open_faults(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
    owner = getpid();
  }
  return faults;
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

bool write_protect(char* address, std::size_t bytes) {
  const int file = own_faults();
  return file >= 0 && register_range(file, address, bytes, UFFDIO_REGISTER_MODE_WP) &&
         set_protection(file, address, bytes, UFFDIO_WRITEPROTECT_MODE_WP);
}

bool write_unprotect(char* address, std::size_t bytes) {
  return owner == getpid() && set_protection(faults, address, bytes, 0);
}

void serve_write_fault(const char* address, WaitQueue& queue) {
  queue.wait([] { return owner == getpid() && faults >= 0; });
  const auto page = reinterpret_cast<std::uintptr_t>(address);
  for (;;) {
    uffd_msg message;
    if (read(faults, &message, sizeof message) != sizeof message) continue;
    if (message.event != UFFD_EVENT_PAGEFAULT) continue;
    const std::uint64_t at = message.arg.pagefault.address;
    if (at >= page && at < page + kSmallPage) return;
  }
}

// NOLINTNEXTLINE(readability-non-const-parameter): the pages leave `from`.
bool move_by_userfaultfd(char* from, char* to, std::size_t bytes) {
  const int file = open_faults(kFeatureMove);
  if (file < 0) return false;
  MoveRequest request{reinterpret_cast<std::uintptr_t>(to), reinterpret_cast<std::uintptr_t>(from),
                      bytes, 0, 0};
  const bool moved = register_range(file, to, bytes, UFFDIO_REGISTER_MODE_MISSING) &&
                     ioctl(file, kMove, &request) == 0;
  close(file);  // It is registered no more.
  return moved;
}

}  // namespace lab::kernel
