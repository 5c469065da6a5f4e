// Files that the library has opened for itself, in a process whose descriptors are not its own.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/uncancelled.h"

namespace cleave::detail {

/// `descriptor`, or the same file under a number above those of the standard streams. A program
/// that was started without one of these, as services are, prints to its number all the same, and
/// would print into our file. -1, and errno: `descriptor` is -1, or there is no number left.
inline int above_standard_streams(int descriptor) noexcept {
  if (descriptor < 0 || descriptor > STDERR_FILENO) return descriptor;
  const Uncancelled here;
  const int above = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int why = errno == EINVAL ? EMFILE : errno;  // EINVAL: the limit is three, or less
  (void)close(descriptor);
  errno = why;
  return above;
}

/// For what opens descriptors without asking us: holds the numbers of the standard streams that are
/// free, for a scope.
class StandardStreamsHeld {
 public:
  StandardStreamsHeld() noexcept {
    const Uncancelled here;
    for (int& number : numbers_) {
      number = eventfd(0, EFD_CLOEXEC);
      if (number > STDERR_FILENO) (void)close(std::exchange(number, -1));
      if (number < 0) break;
    }
  }
  StandardStreamsHeld(const StandardStreamsHeld&) = delete;
  StandardStreamsHeld& operator=(const StandardStreamsHeld&) = delete;
  ~StandardStreamsHeld() {
    const Uncancelled here;
    for (const int number : numbers_) {
      if (number >= 0) (void)close(number);
    }
  }

 private:
  std::array<int, STDERR_FILENO + 1> numbers_{-1, -1, -1};
};

/// A descriptor that is known again: a program may close all that it does not know, and open other
/// files under the same numbers, which are not ours to cut, map or close. Cost: a fstat(2), 0.1 us,
/// each time that it is asked. Older kernels have one inode for all descriptors without a file
/// (eventfd, epoll, rings before 5.16): of these, another one that took the number is not told
/// apart. Const functions: any thread, and signal handlers.
class OwnFile {
 public:
  OwnFile() noexcept = default;
  explicit OwnFile(int descriptor) noexcept : number_(descriptor) {
    struct stat file {};
    if (fstat(number_, &file) != 0) return;  // then it is trusted
    is_known_ = true;
    device_ = file.st_dev;
    inode_ = file.st_ino;
  }
  OwnFile(OwnFile&& from) noexcept { *this = std::move(from); }
  OwnFile& operator=(OwnFile&& from) noexcept {
    number_ = std::exchange(from.number_, -1);
    is_known_ = from.is_known_;
    device_ = from.device_;
    inode_ = from.inode_;
    return *this;
  }
  ~OwnFile() = default;  // who has it closes it: a child of fork(2) must not

  /// None was given, or it has been moved from or closed.
  [[nodiscard]] bool is_none() const noexcept { return number_ < 0; }
  /// -1: the program has closed it.
  [[nodiscard]] int descriptor() const noexcept { return is_there() ? number_ : -1; }
  [[nodiscard]] bool is_there() const noexcept {
    if (number_ < 0 || !is_known_) return number_ >= 0;
    struct stat now {};
    if (fstat(number_, &now) != 0) return errno != EBADF;  // a policy may not let us ask
    return now.st_dev == device_ && now.st_ino == inode_;
  }
  void close() noexcept {
    const Uncancelled here;
    if (is_there()) (void)::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
  bool is_known_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace cleave::detail
