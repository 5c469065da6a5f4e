// The file that pages go to: it has no name, so it goes with the process, however that ends.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <utility>

#include <cleave/detail/atomic.h>
#include <cleave/error.h>

#include "base/own_file.h"

namespace cleave::detail::backing {

enum class Way : std::uint8_t { in, out };

class AnonymousFile {
 public:
  AnonymousFile() = default;
  AnonymousFile(const AnonymousFile&) = delete;
  AnonymousFile& operator=(const AnonymousFile&) = delete;

  /// Errors: as swap_file(). `trial` is a page of memory, on a page boundary.
  Result<void> open(const char* directory, std::uint64_t bytes, std::byte* trial);
  /// At the end; not in a child of fork(2), where the descriptor stays.
  void close() noexcept;

  /// -1: the program has closed it.
  [[nodiscard]] int descriptor() const noexcept { return file_.descriptor(); }
  /// Whether the page cache is passed by.
  [[nodiscard]] bool is_direct() const noexcept { return direct_.load(sync::relaxed); }

  /// Moves all of `pieces`, which it changes, to or from `offset`, however many calls that takes.
  /// 0, or the errno that it ended with; kCutShort where the file ends before.
  int transfer(Way way, std::span<iovec> pieces, std::uint64_t offset) noexcept;
  static constexpr int kCutShort = -1;

 private:
  void go_direct(std::byte* trial) noexcept;
  void give_up_direct() noexcept;

  OwnFile file_;
  /// Whether O_DIRECT is set. Written by open() and by whoever finds that it does not work; read by
  /// any thread. relaxed: to act on an old value is to be refused once more.
  sync::atomic<bool> direct_{false};
};

/// What is said of it.
inline constexpr const char* kSwapFileTooLarge =
    "a file may not be that large here (RLIMIT_FSIZE, ulimit -f): raise the limit, or make a "
    "smaller swap file";

}  // namespace cleave::detail::backing
