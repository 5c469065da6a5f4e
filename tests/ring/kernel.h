// The kernel's side of io_uring, played: it answers in every order and every way that it may.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <vector>

#include "tests/ring/choices.h"

namespace cleave::detail {

/// While one lives, liburing's calls of this program come to it. Requests move the bytes of real
/// files. An answer that is no success is a surprise, of which a run has so many at most.
class PlayedKernel {
 public:
  PlayedKernel(Choices& choices, unsigned surprises);
  PlayedKernel(const PlayedKernel&) = delete;
  PlayedKernel& operator=(const PlayedKernel&) = delete;
  ~PlayedKernel();
  static PlayedKernel& running();

  // What liburing asks.
  void open(io_uring& ring, io_uring_params& params);
  void close();
  int submit(io_uring& ring);
  int submit_and_wait(io_uring& ring);
  /// Whether a result has come meanwhile.
  bool peek();

  /// What it did, for who looks at the results.
  struct Said {
    bool error = false;      ///< EIO
    bool end = false;        ///< no bytes
    bool cancelled = false;  ///< as asked
  };
  [[nodiscard]] const Said& said() const { return said_; }
  /// Requests that it has not answered, cancellations apart.
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  /// Pages of memory that a device may write to now.
  [[nodiscard]] std::uint64_t pages_read_into() const;
  /// Whether requests were with it when the ring was closed.
  [[nodiscard]] bool closed_too_early() const { return closed_too_early_; }

 private:
  struct Request {
    std::uint64_t name;
    std::uint8_t code;
    int descriptor;
    std::uint64_t offset;
    std::vector<iovec> pieces;  // as they were when it was submitted
  };
  bool surprises();
  void take(const io_uring_sqe& entry);
  void cancel(const io_uring_sqe& entry);
  void complete(std::size_t which);
  int answer(const Request& request);
  int move(const Request& request, std::uint64_t bytes);
  void put(std::uint64_t name, int result);

  Choices& choices_;
  unsigned surprises_;
  Said said_;
  bool closed_too_early_ = false;
  std::vector<Request> in_flight_;

  // The two queues, which the program sees.
  static constexpr unsigned kEntries = 64;
  std::vector<io_uring_sqe> entries_;
  std::vector<io_uring_cqe> results_;
  unsigned submit_head_ = 0, result_head_ = 0, result_tail_ = 0;
};

}  // namespace cleave::detail
