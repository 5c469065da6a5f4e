// exec: the new program runs without commits, and the user is told so.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstring>

#include "adapters/program/interpose/caller.h"
#include "adapters/program/interpose/sentence.h"
#include "adapters/program/kernel/raw.h"
#include "adapters/program/kernel/say.h"

namespace cleave::program {
namespace {

void tell(const char* file) {
  Sentence sentence;
  sentence << "exec ends the commits: " << file
           << " runs without; to have it under commits, start it by cleave run itself";
  say(sentence.text());
}

// Nothing of what will fail: that goes on here.
void tell_of(const char* file) {
  if (!is_programs_call() || file == nullptr) return;
  if (std::strchr(file, '/') != nullptr && access(file, X_OK) != 0) return;
  tell(file);
}

void tell_of_file_in(int folder, const char* file, int flags) {
  if (!is_programs_call() || file == nullptr) return;
  if (*file == '\0' && (flags & AT_EMPTY_PATH) != 0) {
    tell("the program behind a descriptor");
  } else if (faccessat(folder, file, X_OK, 0) == 0) {
    tell(file);
  }
}

int run_in(int folder, const char* file, char* const* arguments, char* const* variables,
           int flags) {
  const long answer =
      raw::call(SYS_execveat, folder, reinterpret_cast<long>(file),
                reinterpret_cast<long>(arguments), reinterpret_cast<long>(variables), flags, 0);
  errno = static_cast<int>(-answer);
  return -1;
}

int run(const char* file, char* const* arguments, char* const* variables) {
  const long answer =
      raw::call(SYS_execve, reinterpret_cast<long>(file), reinterpret_cast<long>(arguments),
                reinterpret_cast<long>(variables), 0, 0, 0);
  errno = static_cast<int>(-answer);
  return -1;
}

int run_found(const char* file, char* const* arguments, char* const* variables) {
  using Run = int (*)(const char*, char* const*, char* const*);
  return reinterpret_cast<Run>(dlsym(RTLD_NEXT, "execvpe"))(file, arguments, variables);
}

// How many there are up to the null pointer, that one included.
std::size_t count_of(std::va_list more) {
  std::size_t count = 2;  // the first, which has a name
  while (va_arg(more, char*) != nullptr) ++count;
  return count;
}

void copy(std::va_list more, const char* first, char** into) {
  *into++ = const_cast<char*>(first);
  while ((*into++ = va_arg(more, char*)) != nullptr) {
  }
}

}  // namespace
}  // namespace cleave::program

using namespace cleave::program;

#pragma GCC visibility push(default)
extern "C" {

// Newer than the oldest C library that this builds with.
int execveat(int, const char*, char* const[], char* const[], int) noexcept;  // NOLINT

int execve(const char* file, char* const arguments[], char* const variables[]) noexcept {
  tell_of(file);
  return run(file, arguments, variables);
}
int execv(const char* file, char* const arguments[]) noexcept {
  tell_of(file);
  return run(file, arguments, environ);
}
int execvp(const char* file, char* const arguments[]) noexcept {
  tell_of(file);
  return run_found(file, arguments, environ);
}
int execvpe(const char* file, char* const arguments[], char* const variables[]) noexcept {
  tell_of(file);
  return run_found(file, arguments, variables);
}
int execveat(int folder, const char* file, char* const arguments[], char* const variables[],
             int flags) noexcept {
  tell_of_file_in(folder, file, flags);
  return run_in(folder, file, arguments, variables, flags);
}
int fexecve(int file, char* const arguments[], char* const variables[]) noexcept {
  return execveat(file, "", arguments, variables, AT_EMPTY_PATH);
}

// The arguments one by one, up to a null pointer; after it, for one of them, the variables.
int execl(const char* file, const char* first, ...) noexcept {
  std::va_list more;
  va_start(more, first);
  const std::size_t count = count_of(more);
  va_end(more);
  auto** const arguments = static_cast<char**>(__builtin_alloca(count * sizeof(char*)));
  va_start(more, first);
  copy(more, first, arguments);
  va_end(more);
  return execv(file, arguments);
}
int execlp(const char* file, const char* first, ...) noexcept {
  std::va_list more;
  va_start(more, first);
  const std::size_t count = count_of(more);
  va_end(more);
  auto** const arguments = static_cast<char**>(__builtin_alloca(count * sizeof(char*)));
  va_start(more, first);
  copy(more, first, arguments);
  va_end(more);
  return execvp(file, arguments);
}
int execle(const char* file, const char* first, ...) noexcept {
  std::va_list more;
  va_start(more, first);
  const std::size_t count = count_of(more);
  va_end(more);
  auto** const arguments = static_cast<char**>(__builtin_alloca(count * sizeof(char*)));
  va_start(more, first);
  copy(more, first, arguments);
  char* const* const variables = va_arg(more, char* const*);
  va_end(more);
  return execve(file, arguments, variables);
}

}  // extern "C"
#pragma GCC visibility pop
