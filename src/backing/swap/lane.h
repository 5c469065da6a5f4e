// Requests to the disk, several at a time.
#pragma once

#include <liburing.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "backing/swap/anonymous_file.h"
#include "base/own_file.h"

namespace cleave::detail::backing {

/// One transfer between memory and consecutive bytes of the file.
struct Request {
  std::uint64_t offset = 0;
  std::span<iovec> pieces = {};
  int error = 0;  ///< when it is done: as of AnonymousFile::transfer()

  // The lane's.
  std::uint64_t bytes = 0;
  std::uint64_t turn = 0;
  Request* next = nullptr;
};

/// Sends requests by io_uring, and by hand, one after the other, where there is none. By hand is
/// also how whatever io_uring has not done whole is done, so that one place knows what an errno
/// means and what a short transfer needs. One thread at a time.
class Lane {
 public:
  Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// `depth`: how many requests are sent before one is waited for, at most.
  void open(AnonymousFile& file, unsigned depth) noexcept;
  /// Precondition: nothing is under way. Not in a child of fork(2).
  void close() noexcept;
  /// Whether io_uring could be had. Constant from open() on.
  [[nodiscard]] bool had_ring() const noexcept { return had_ring_; }

  /// It is with the disk at the next submit() or wait() at the latest. `request` and its pieces
  /// stay where they are until wait() gives it back.
  void send(Way way, Request& request) noexcept;
  void submit() noexcept;
  /// One that is done; nullptr when none is under way.
  Request* wait() noexcept;

 private:
  void by_hand(Request& request) noexcept;
  void finished(Request& request) noexcept;
  void take_results() noexcept;
  void go_by_hand() noexcept;

  AnonymousFile* file_ = nullptr;
  Way way_ = Way::in;
  io_uring ring_{};
  OwnFile rings_file_;       // to know it again
  bool has_ring_ = false;    // and it is used
  bool had_ring_ = false;    // and it is there
  std::uint64_t turns_ = 0;  // requests that were given to the ring, ever
  Request* under_way_ = nullptr;
  Request* done_ = nullptr;
};

}  // namespace cleave::detail::backing
