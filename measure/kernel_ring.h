// io_uring by its bare system calls: what the kernel has for pinned memory and fast files.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

struct io_uring_sqe;
struct io_uring_cqe;

namespace cleave::measure {

/// A ring for one thread. Where the kernel or a sandbox has no io_uring, it stays closed.
class KernelRing {
 public:
  explicit KernelRing(unsigned entries);
  ~KernelRing();
  KernelRing(const KernelRing&) = delete;
  KernelRing& operator=(const KernelRing&) = delete;

  [[nodiscard]] bool is_open() const { return ring_ >= 0; }

  /// Pins pages as buffers, until they are let go or the ring ends. False: there is no ring, or the
  /// kernel refused, nearly always because of RLIMIT_MEMLOCK.
  [[nodiscard]] bool register_buffers(std::span<const iovec> buffers);
  void unregister_buffers();

  struct Request {
    bool writes;
    int descriptor;
    std::byte* memory;  ///< in the first buffer registered
    std::uint32_t bytes;
    std::uint64_t offset;
    std::uint64_t number;
  };
  /// Precondition: is_open(), and fewer than `entries` are with the kernel.
  void add(const Request& request);
  struct Done {
    std::uint64_t number;
    std::int32_t result;
  };
  /// Hands over what was added, and waits for one that is done.
  Done submit_and_wait();

 private:
  struct Mapped {
    std::byte* base = nullptr;
    std::size_t bytes = 0;
  };
  std::uint32_t* word(std::uint32_t offset) const;

  int ring_;
  Mapped queues_;
  Mapped requests_;
  io_uring_cqe* results_ = nullptr;
  std::uint32_t *tail_ = nullptr, *list_ = nullptr, *results_head_ = nullptr,
                *results_tail_ = nullptr;
  std::uint32_t mask_ = 0, results_mask_ = 0, added_ = 0;
};

}  // namespace cleave::measure
