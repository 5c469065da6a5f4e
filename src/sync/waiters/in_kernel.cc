#include "sync/waiters/in_kernel.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/refusal.h"

namespace cleave::detail {
namespace {

#define CLEAVE_UNSEEN                                                                       \
  "the threads of this process cannot be seen, so none that waits can be caught; is /proc " \
  "mounted, and readable?"
constexpr Refusals kList = CLEAVE_REFUSALS("reading /proc/self/task", CLEAVE_UNSEEN);
constexpr Refusals kLook = CLEAVE_REFUSALS("reading /proc/self/task/*/syscall", CLEAVE_UNSEEN);
constexpr Refusals kRobust = CLEAVE_REFUSALS("get_robust_list", CLEAVE_UNSEEN);
constexpr Refusals kPeek = CLEAVE_REFUSALS("process_vm_readv", CLEAVE_UNSEEN);
#undef CLEAVE_UNSEEN

bool has_ended(int error) { return error == ENOENT || error == ESRCH; }

template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || !is_interrupted(errno)) return result;
  }
}

struct CloseFolder {
  void operator()(DIR* folder) const { (void)closedir(folder); }
};

DIR* open_folder(const char* path) {
  for (;;) {
    DIR* folder = opendir(path);
    if (folder != nullptr || !is_interrupted(errno)) return folder;
  }
}

/// As in "202 0x7f.. 0x80 0x1 0x0 0x0 0x7f.. 0x7ff.. 0x7f..", which is the call, its arguments, and
/// the stack; "-1 0x7ff.. 0x7f.." outside of any call; "running".
std::optional<InKernel> parsed(const char* text) {
  if (*text == '\0' || *text == 'r') return std::nullopt;
  InKernel found;
  char* at = nullptr;
  found.call = std::strtol(text, &at, 10);
  if (found.call >= 0) {
    for (std::uintptr_t& argument : found.arguments) argument = std::strtoul(at, &at, 16);
  }
  found.stack = std::strtoul(at, &at, 16);
  return found;
}

}  // namespace

Result<void> for_each_thread(function_ref<Result<void>(long thread)> visit) {
  const std::unique_ptr<DIR, CloseFolder> threads(open_folder("/proc/self/task"));
  if (threads == nullptr) return refused(kList, errno);
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(threads.get());
    if (entry == nullptr && errno != 0) return refused(kList, errno);
    if (entry == nullptr) return {};
    const long thread = std::strtol(entry->d_name, nullptr, 10);
    if (thread <= 0) continue;
    if (auto visited = visit(thread); !visited) return visited;
  }
}

Result<std::optional<InKernel>> look_at(long thread) {
  std::array<char, 64> path{};
  (void)std::snprintf(path.data(), path.size(), "/proc/self/task/%ld/syscall", thread);
  const int file = uninterrupted([&] { return open(path.data(), O_RDONLY | O_CLOEXEC); });
  if (file < 0 && has_ended(errno)) return std::nullopt;
  if (file < 0) return refused(kLook, errno);
  std::array<char, 256> text{};
  const ssize_t size = uninterrupted([&] { return read(file, text.data(), text.size() - 1); });
  const int error = errno;
  (void)close(file);
  if (size < 0 && !has_ended(error)) return refused(kLook, error);
  return parsed(text.data());
}

Result<std::uintptr_t> robust_list_of(long thread) {
  robust_list_head* head = nullptr;
  std::size_t size = 0;
  if (syscall(SYS_get_robust_list, thread, &head, &size) == 0) {
    return reinterpret_cast<std::uintptr_t>(head);
  }
  if (has_ended(errno)) return 0;
  return refused(kRobust, errno);
}

Result<std::uintptr_t> peek(std::uintptr_t from) {
  std::uintptr_t found = 0;
  iovec here{&found, sizeof found};
  iovec there{reinterpret_cast<void*>(from), sizeof found};
  const ssize_t size =
      uninterrupted([&] { return process_vm_readv(getpid(), &here, 1, &there, 1, 0); });
  if (size == static_cast<ssize_t>(sizeof found)) return found;
  if (size >= 0 || errno == EFAULT) return 0;
  return refused(kPeek, errno);
}

}  // namespace cleave::detail
