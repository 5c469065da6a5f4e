// What runs the transfers of a ring: requests out, results in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <cleave/error.h>
#include <cleave/ring.h>

#include "base/own_file.h"
#include "io/registered_buffers.h"
#include "io/transfer.h"

struct io_uring;
struct io_uring_sqe;

namespace cleave::detail {

/// A block is idle, waits for its turn, or has one request with the kernel. Each result sends it
/// back to wait, for the rest or for the next bytes, until its transfer has none; then its memory
/// is let go.
class Engine {
 public:
  /// Keeps the pool.
  Engine(const RingOptions& options, Frames& frames) noexcept;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  /// Cancels, and waits. Not in a child of fork(2), where all of it stays: what is in flight is the
  /// parent's, and the ring is memory that both see.
  ~Engine();

  /// Errors: unsupported, no_memory. Nothing else may be called before, or after a failure.
  Result<void> open();

  [[nodiscard]] const Frames& frames() const noexcept { return frames_; }
  [[nodiscard]] bool is_here() const noexcept { return frames_.is_here(); }

  Result<TransferId> start(Transfer::Request request);
  /// Takes in the results there are, and sends out what they allow.
  void go_on();
  /// The same, after waiting for a result. Precondition: not idle.
  void wait();
  bool cancel(TransferId id);

  [[nodiscard]] std::optional<Completion> take_finished();
  [[nodiscard]] std::optional<Completion> take_finished(TransferId id);

  /// Nothing is under way.
  [[nodiscard]] bool is_idle() const noexcept { return under_way_.first == nullptr; }
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
  [[nodiscard]] ByteCount registered() const noexcept {
    return buffers_ ? buffers_->registered() : ByteCount{0};
  }

 private:
  struct List {
    void append(Transfer& transfer) noexcept;
    void remove(Transfer& transfer) noexcept;
    Transfer* first = nullptr;
    Transfer* last = nullptr;
  };

  void close() noexcept;
  void await_turn(Block& block) noexcept;
  void submit_waiting();
  void send(Block& block);
  Result<void> prepare(Block& block);
  void retire(Block& block) noexcept;
  void one_less(Transfer& transfer) noexcept;
  void cancel(Transfer& transfer);
  void send_cancellation(Block& block);
  io_uring_sqe* next_entry();

  void take_results();
  void completed(Block& block, int result);
  void transferred(Block& block, std::uint64_t bytes);
  void cancellation_ended(Block& block, int result);

  std::optional<Completion> take(Transfer* transfer);

  const RingOptions options_;
  Frames& frames_;
  io_uring* ring_ = nullptr;  // from sync::make; none if opening it failed
  OwnFile rings_file_;
  std::optional<RegisteredBuffers> buffers_;
  std::uint64_t last_id_ = 0;
  std::size_t in_flight_ = 0;
  unsigned with_kernel_ = 0;  // requests, cancellations apart
  List under_way_;
  List finished_;
  Block* first_waiting_ = nullptr;
  Block* last_waiting_ = nullptr;
};

}  // namespace cleave::detail
