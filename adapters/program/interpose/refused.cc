// What no commit can hold is refused where it begins, with the sentence that says why.
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <threads.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/interpose/sentence.h"
#include "adapters/program/kernel/digits.h"
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

void refuse_thread(const char* function, std::uintptr_t start) {
  Sentence sentence;
  sentence << function << " refused: a second thread, ";
  name_function(sentence, start);
  sentence << ", would run on in memory that goes back; no commit holds its registers";
  say(sentence.text());
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

pid_t __fork();  // NOLINT: the C library's own name for it

int pthread_create(pthread_t* made, const pthread_attr_t* how, void* (*start)(void*), void* with) {
  if (is_programs_call()) {
    refuse_thread("pthread_create", reinterpret_cast<std::uintptr_t>(start));
    return EAGAIN;
  }
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  return reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"))(made, how, start, with);
}
int thrd_create(thrd_t* made, thrd_start_t start, void* with) {
  if (is_programs_call()) {
    refuse_thread("thrd_create", reinterpret_cast<std::uintptr_t>(start));
    return thrd_nomem;
  }
  using Create = int (*)(thrd_t*, thrd_start_t, void*);
  return reinterpret_cast<Create>(dlsym(RTLD_NEXT, "thrd_create"))(made, start, with);
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

}  // extern "C"
#pragma GCC visibility pop
