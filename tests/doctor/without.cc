// Runs a command on a kernel that refuses some system calls.
//   cleave_without <call>:<errno>... -- <command> [<argument>...]
// as in `cleave_without userfaultfd:EPERM memfd_create:ENOSYS -- cleave doctor`. Status 77: there
// is no seccomp here.
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/support/seccomp.h"

namespace {

struct Named {
  std::string_view name;
  long number;
};
constexpr std::array kCalls = {
    Named{"fallocate", SYS_fallocate},
    Named{"io_uring_setup", SYS_io_uring_setup},
    Named{"madvise", SYS_madvise},
    Named{"membarrier", SYS_membarrier},
    Named{"memfd_create", SYS_memfd_create},
    Named{"process_vm_readv", SYS_process_vm_readv},
    Named{"rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo},
    Named{"userfaultfd", SYS_userfaultfd},
};
constexpr std::array kErrors = {Named{"EPERM", EPERM}, Named{"ENOSYS", ENOSYS}};

template <class All>
std::optional<long> number_of(const All& all, std::string_view name) {
  for (const Named& named : all) {
    if (named.name == name) return named.number;
  }
  return std::nullopt;
}

int complain(const char* what) {
  (void)std::fprintf(stderr, "cleave_without: %s\n", what);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<cleave::detail::Denied> denied;
  int at = 1;
  for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) {
    const std::string_view word = argv[at];
    const std::size_t colon = word.find(':');
    const auto call = number_of(kCalls, word.substr(0, colon));
    const auto error =
        colon == std::string_view::npos ? std::nullopt : number_of(kErrors, word.substr(colon + 1));
    if (!call || !error) return complain(argv[at]);
    denied.push_back({*call, static_cast<int>(*error)});
  }
  if (at + 1 >= argc) return complain("no command after --");
  if (!cleave::detail::deny(denied)) return 77;
  execvp(argv[at + 1], argv + at + 1);
  return complain(std::strerror(errno));
}
