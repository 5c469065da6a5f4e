// The pool's memory as the kernel's registered buffers: found and pinned once, not at each request.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <optional>

#include <cleave/units.h>

#include "frames/frames.h"
#include "frames/slots/trim_guard.h"

struct io_uring;

namespace cleave::detail {

/// A buffer for each of the TrimGuard's extents, registered when a request first lies in it and the
/// pool has memory behind all of it. A registered extent is kept: trim() passes it by, so that the
/// frame and the registered page stay one. docs/decisions/0006-registered-buffers.md says why so.
class RegisteredBuffers {
 public:
  /// An empty table of buffers in `ring`, where the kernel has such (Linux 5.19); else nothing is
  /// ever registered.
  RegisteredBuffers(io_uring& ring, Frames& frames) noexcept;
  RegisteredBuffers(const RegisteredBuffers&) = delete;
  RegisteredBuffers& operator=(const RegisteredBuffers&) = delete;
  /// Before the ring is closed, and with nothing in flight.
  ~RegisteredBuffers();

  /// What the kernel ran short of for the table, as errno; 0: nothing. Where it has no such tables,
  /// plain requests do the same.
  [[nodiscard]] int table_error() const noexcept { return table_error_; }

  struct Buffer {
    int index;
    std::uint64_t bytes;  ///< how much of the piece lies in it, from its beginning
  };
  /// The buffer in which `piece`, memory of the pool, begins; registers it if that can be done.
  std::optional<Buffer> find(const iovec& piece) noexcept;

  [[nodiscard]] ByteCount registered() const noexcept { return registered_; }

 private:
  bool add(std::uint64_t extent) noexcept;

  io_uring& ring_;
  Frames& frames_;
  TrimGuard trim_guard_;
  ByteCount registered_{0};
  bool open_;  // the table is there, and the kernel has not refused yet
  bool has_table_;
  int table_error_ = 0;
};

}  // namespace cleave::detail
