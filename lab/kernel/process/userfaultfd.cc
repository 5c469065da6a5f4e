#include "lab/kernel/process/userfaultfd.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>
#include <vector>

#include "lab/kernel/process/memory_calls.h"
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
constexpr std::uint64_t kContinueProtects = std::uint64_t{1} << 1;

using litmus::WpMode;
constexpr std::size_t kModes = 3;

// A call registers for some faults and against all others, so what it is for is kept.
struct Registered {
  const char* begin;
  const char* end;
  WpMode descriptor;
  std::uint64_t modes;

  [[nodiscard]] bool overlaps(const char* from, std::size_t bytes) const {
    return begin < from + bytes && from < end;
  }
};

// Who serves a page, and waits for its fault.
struct Server {
  std::uintptr_t page;
  int told;  // an eventfd: another has read of the fault
};

struct Userfaultfd {
  std::mutex opening;  // taken to open a descriptor, and for what is registered
  int all = -1;        // an epoll of the descriptors there are, and of those that are opened later
  // What a mode asks for is of a descriptor, not of a page: one for each mode, and all pages of the
  // process. Written once, and in the end; sequentially consistent: nothing else goes by them.
  std::array<std::atomic<int>, kModes> descriptors{-1, -1, -1};
  std::vector<Registered> registered;
  std::mutex hearing;
  std::vector<std::uintptr_t> heard;  // pages whose faults were read, and not served yet
  std::vector<Server> servers;        // that wait
};

// Of this process: a child begins with another, whatever its parent's threads had locked.
Userfaultfd* own = new Userfaultfd;  // NOLINT(cppcoreguidelines-owning-memory): until it ends

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

// With `opening`.
int all_descriptors() {
  if (own->all < 0) own->all = epoll_create1(EPOLL_CLOEXEC);
  return own->all;
}

// With `opening`. Who waits for faults already hears of those of this one, too.
int descriptor_of(WpMode mode) {
  std::atomic<int>& known = own->descriptors[static_cast<std::size_t>(mode)];
  if (known >= 0) return known;
  int file = mode == WpMode::waits ? open_faults(features_of(mode) | kFeatureMove) : -1;
  if (file < 0) file = open_faults(features_of(mode));
  if (file < 0) return -1;
  known = file;
  epoll_event event{EPOLLIN, {}};
  epoll_ctl(all_descriptors(), EPOLL_CTL_ADD, file, &event);
  return file;
}

bool register_range(int file, const char* address, std::size_t bytes, std::uint64_t mode) {
  uffdio_register range{};
  range.range = {reinterpret_cast<std::uintptr_t>(address), bytes};
  range.mode = mode;
  return ioctl(file, UFFDIO_REGISTER, &range) == 0;
}

// For what it is registered already, too; by its descriptor, where `descriptor` names none.
int register_also(const char* address, std::size_t bytes, std::uint64_t mode,
                  std::optional<WpMode> descriptor) {
  const std::scoped_lock lock(own->opening);
  for (const Registered& each : own->registered) {
    if (!each.overlaps(address, bytes)) continue;
    mode |= each.modes;
    if (!descriptor) descriptor = each.descriptor;
  }
  const int file = descriptor_of(descriptor.value_or(WpMode::waits));
  if (file < 0 || !register_range(file, address, bytes, mode)) return -1;
  own->registered.push_back({address, address + bytes, descriptor.value_or(WpMode::waits), mode});
  return file;
}

bool set_protection(int file, const char* address, std::size_t bytes, std::uint64_t mode) {
  uffdio_writeprotect range{};
  range.range = {reinterpret_cast<std::uintptr_t>(address), bytes};
  range.mode = mode;
  return ioctl(file, UFFDIO_WRITEPROTECT, &range) == 0;
}

// Keeps what can be read of faults, and tells those who wait for them.
void hear() {
  const std::scoped_lock lock(own->hearing);
  for (const std::atomic<int>& file : own->descriptors) {
    uffd_msg message;
    if (file < 0 || read(file, &message, sizeof message) != sizeof message) continue;
    if (message.event != UFFD_EVENT_PAGEFAULT) continue;
    own->heard.push_back(message.arg.pagefault.address & ~std::uintptr_t{kSmallPage - 1});
    for (const Server& server : own->servers)
      if (server.page == own->heard.back()) eventfd_write(server.told, 1);
  }
}

bool take_heard(std::uintptr_t page) {
  const std::scoped_lock lock(own->hearing);
  const auto found = std::ranges::find(own->heard, page);
  if (found == own->heard.end()) return false;
  own->heard.erase(found);
  return true;
}

// Who was woken waits no more.
void forget_heard(const char* address, std::size_t bytes) {
  const std::scoped_lock lock(own->hearing);
  const auto from = reinterpret_cast<std::uintptr_t>(address);
  std::erase_if(own->heard, [&](std::uintptr_t at) { return at >= from && at < from + bytes; });
}

int descriptor_at(const char* address, std::size_t bytes) {
  const std::scoped_lock lock(own->opening);
  for (const Registered& each : own->registered)
    if (each.overlaps(address, bytes))
      return own->descriptors[static_cast<std::size_t>(each.descriptor)];
  return -1;
}

// Any descriptor would do what it asks for; only that whose pages they are wakes who waits.
template <typename Ask>
bool by_its_descriptor(const char* address, std::size_t bytes, Ask ask) {
  const int file = descriptor_at(address, bytes);
  const bool done = file >= 0 && ask(file);
  if (done) forget_heard(address, bytes);
  return done;
}

}  // namespace

bool write_protect(char* address, std::size_t bytes, WpMode mode) {
  const int file = register_also(address, bytes, UFFDIO_REGISTER_MODE_WP, mode);
  return file >= 0 && set_protection(file, address, bytes, UFFDIO_WRITEPROTECT_MODE_WP);
}

bool write_unprotect(char* address, std::size_t bytes) {
  return by_its_descriptor(address, bytes,
                           [&](int file) { return set_protection(file, address, bytes, 0); });
}

bool register_faults(char* address, std::size_t bytes, Faults which) {
  const std::uint64_t mode =
      which == Faults::missing ? UFFDIO_REGISTER_MODE_MISSING : UFFDIO_REGISTER_MODE_MINOR;
  return register_also(address, bytes, mode, std::nullopt) >= 0;
}

void serve_fault(const char* address, std::atomic<std::uint32_t>& heard_nothing) {
  const auto page = reinterpret_cast<std::uintptr_t>(address);
  const int told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::array<pollfd, 2> news{{{-1, POLLIN, 0}, {told, POLLIN, 0}}};
  {
    const std::scoped_lock lock(own->opening, own->hearing);
    news[0].fd = all_descriptors();
    own->servers.push_back({page, told});
  }
  constexpr int kAWhile = 10;  // milliseconds
  while (!take_heard(page)) {
    if (poll(news.data(), news.size(), kAWhile) == 0) ++heard_nothing;
    eventfd_t times = 0;
    if ((news[1].revents & POLLIN) != 0) eventfd_read(told, &times);
    hear();
  }
  const std::scoped_lock lock(own->hearing);
  std::erase_if(own->servers, [&](const Server& server) { return server.told == told; });
  close(told);
}

bool supply_bytes(char* address, std::size_t bytes, std::uint64_t value, bool protects) {
  void* source = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (source == MAP_FAILED) return false;
  fill(static_cast<char*>(source), bytes, value);
  const bool done = by_its_descriptor(address, bytes, [&](int file) {
    uffdio_copy copy{};
    copy.dst = reinterpret_cast<std::uintptr_t>(address);
    copy.src = reinterpret_cast<std::uintptr_t>(source);
    copy.len = bytes;
    copy.mode = protects ? UFFDIO_COPY_MODE_WP : 0;
    return ioctl(file, UFFDIO_COPY, &copy) == 0;
  });
  munmap(source, bytes);
  return done;
}

bool supply_zeroes(char* address, std::size_t bytes) {
  return by_its_descriptor(address, bytes, [&](int file) {
    uffdio_zeropage zeroes{};
    zeroes.range = {reinterpret_cast<std::uintptr_t>(address), bytes};
    return ioctl(file, UFFDIO_ZEROPAGE, &zeroes) == 0;
  });
}

bool supply_cached(char* address, std::size_t bytes, bool protects) {
  return by_its_descriptor(address, bytes, [&](int file) {
    uffdio_continue cached{};
    cached.range = {reinterpret_cast<std::uintptr_t>(address), bytes};
    cached.mode = protects ? kContinueProtects : 0;
    return ioctl(file, UFFDIO_CONTINUE, &cached) == 0;
  });
}

// NOLINTNEXTLINE(readability-non-const-parameter): the pages leave `from`.
bool move_by_userfaultfd(char* from, char* to, std::size_t bytes) {
  MoveRequest request{reinterpret_cast<std::uintptr_t>(to), reinterpret_cast<std::uintptr_t>(from),
                      bytes, 0, 0};
  // Where `to` is registered already, it stays so.
  for (const std::atomic<int>& file : own->descriptors)
    if (file >= 0 && (ioctl(file, kMove, &request) == 0 || errno != EINVAL)) {
      forget_heard(to, bytes);
      return request.moved == static_cast<std::int64_t>(bytes);
    }
  request.moved = 0;
  const int file = open_faults(kFeatureMove);
  if (file < 0) return false;
  const bool moved = register_range(file, to, bytes, UFFDIO_REGISTER_MODE_MISSING) &&
                     ioctl(file, kMove, &request) == 0;
  close(file);  // It is registered no more.
  return moved;
}

void forget_faults(const char* address, std::size_t bytes) {
  const std::scoped_lock lock(own->opening);
  std::erase_if(own->registered,
                [&](const Registered& each) { return each.overlaps(address, bytes); });
}

void end_faults() {
  for (std::atomic<int>& each : own->descriptors)
    if (const int file = each.exchange(-1); file >= 0) close(file);
}

void begin_faults_of_child() {
  end_faults();  // An open copy would keep its parent's memory registered.
  if (own->all >= 0) close(own->all);
  own = new Userfaultfd;  // NOLINT(cppcoreguidelines-owning-memory)
}

}  // namespace lab::kernel
