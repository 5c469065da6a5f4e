// What no commit can hold is refused where it begins, with the sentence that says why.
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>

#include "adapters/program/control/socket.h"
#include "adapters/program/interpose/caller.h"
#include "adapters/program/interpose/sentence.h"
#include "adapters/program/kernel/digits.h"
#include "adapters/program/kernel/raw.h"
#include "adapters/program/kernel/say.h"

namespace cleave::program {
namespace {

// "worker of /usr/bin/x", or "0x1234 of /usr/bin/x": what a debugger finds.
void name_function(Sentence& sentence, std::uintptr_t at) {
  Dl_info about{};
  if (dladdr(reinterpret_cast<void*>(at), &about) == 0) {
    sentence << "0x" << hexadecimal_digits(at).text();
    return;
  }
  if (about.dli_sname != nullptr) {
    sentence << about.dli_sname;
  } else {
    const auto base = reinterpret_cast<std::uintptr_t>(about.dli_fbase);
    sentence << "0x" << hexadecimal_digits(at - base).text();
  }
  sentence << " of " << about.dli_fname;
}

int refuse(const char* sentence, int error) noexcept {
  say(sentence);
  errno = error;
  return -1;
}

constexpr const char* kChild =
    " refused: the child would have none of the program's memory, which lies in arenas; "
    "posix_spawn, system and popen work";

}  // namespace
}  // namespace cleave::program

using namespace cleave::program;

#pragma GCC visibility push(default)
extern "C" {

// The C library's own names for them.
pid_t __fork();                                                             // NOLINT
int __sigaction(int, const struct sigaction*, struct sigaction*) noexcept;  // NOLINT

int pthread_create(pthread_t* made, const pthread_attr_t* how, void* (*start)(void*), void* with) {
  if (!is_programs_call()) {
    using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    return reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"))(made, how, start, with);
  }
  Sentence sentence;
  sentence << "pthread_create refused: a second thread, ";
  name_function(sentence, reinterpret_cast<std::uintptr_t>(start));
  sentence << ", would run on in memory that goes back; no commit holds its registers";
  say(sentence.text());
  return EAGAIN;
}

pid_t fork() {
  if (!is_programs_call()) return __fork();
  return refuse((Sentence() << "fork" << kChild).text().data(), ENOSYS);
}
pid_t _Fork() {
  if (!is_programs_call()) return __fork();
  return refuse((Sentence() << "_Fork" << kChild).text().data(), ENOSYS);
}
pid_t vfork() {
  if (!is_programs_call()) return __fork();  // no function can return twice for another
  return refuse((Sentence() << "vfork" << kChild).text().data(), ENOSYS);
}

int clone(int (* /*start*/)(void*), void* /*stack*/, int flags, void* /*with*/, ...) {
  return refuse((flags & CLONE_VM) != 0
                    ? "clone refused: a second thread would run on in memory that goes back"
                    : "clone refused: the child would have none of the program's memory",
                ENOSYS);
}

// By number, a program can ask for anything. What no commit can hold is refused here as well.
long syscall(long number, ...) {
  va_list more;
  va_start(more, number);
  std::array<long, 6> with{};
  for (long& word : with) word = va_arg(more, long);
  va_end(more);
  if (is_programs_call()) {
    switch (number) {
      case SYS_io_uring_setup:
        return refuse("io_uring refused: the kernel would write to memory that goes back", ENOSYS);
      case SYS_fork:
      case SYS_vfork:
      case SYS_clone:
      case SYS_clone3:
        return refuse(
            "a child or a thread by a system call of its own is refused: no commit "
            "would hold it",
            ENOSYS);
      default:
        break;
    }
  }
  const long answer = raw::call(number, with[0], with[1], with[2], with[3], with[4], with[5]);
  if (!raw::is_error(answer)) return answer;
  errno = static_cast<int>(-answer);
  return -1;
}

int sigaction(int signal, const struct sigaction* wanted, struct sigaction* before) {
  if ((signal == kControlSignal || signal == SIGSYS) && is_programs_call()) {
    errno = EINVAL;
    return -1;
  }
  return __sigaction(signal, wanted, before);
}

}  // extern "C"
#pragma GCC visibility pop
