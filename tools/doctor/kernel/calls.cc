#include "tools/doctor/kernel/calls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include <fmt/format.h>

#include "tools/doctor/kernel/system.h"

namespace cleave::doctor {
namespace {

constexpr std::size_t kPage = 4096;

void* a_page() {
  static void* const page =
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page;
}

// Each gives 0, or the kernel's errno. A value that makes no difference to the page.
int keeps_from_children() { return madvise(a_page(), kPage, MADV_DONTFORK) == 0 ? 0 : errno; }
int gives_back() {
  const Descriptor file(memfd_create("cleave doctor", MFD_CLOEXEC));
  if (!file.is_open() || ftruncate(file.number(), kPage) != 0) return 0;  // said elsewhere
  return fallocate(file.number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kPage) == 0
             ? 0
             : errno;
}
int sends_again() {
  siginfo_t nothing{};
  nothing.si_code = SI_QUEUE;
  constexpr int kNoSignal = 0;
  return syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), kNoSignal, &nothing) == 0
             ? 0
             : errno;
}

struct Call {
  const char* name;
  int (*fails)();
  Standing without;
  const char* follows;
};
constexpr std::array kCalls = {
    Call{"madvise", keeps_from_children, Standing::missing,
         "the memory of pools and arenas cannot be kept from children of fork(2)"},
    Call{"fallocate", gives_back, Standing::missing,
         "trim() and checkouts give no memory back to the machine"},
    Call{"rt_tgsigqueueinfo", sends_again, Standing::limited,
         "a signal from outside that ends a process with arenas names the process as its sender"},
};

Finding look_at(const Call& call) {
  const int error = call.fails();
  if (error == 0) return {call.name, Standing::ok, "", {}, true};
  return {call.name, call.without, refusal_text(error),
          fmt::format("Let {} through: until then {}.", call.name, call.follows), false};
}

}  // namespace

std::vector<Finding> look_at_calls() {
  std::vector<Finding> all;
  for (const Call& call : kCalls) all.push_back(look_at(call));
  return all;
}

}  // namespace cleave::doctor
