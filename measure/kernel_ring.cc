#include "measure/kernel_ring.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "measure/system.h"

namespace cleave::measure {

KernelRing::KernelRing(unsigned entries) {
  io_uring_params asked{};
  ring_ = static_cast<int>(syscall(SYS_io_uring_setup, entries, &asked));
  if (ring_ < 0) return;
  must_hold((asked.features & IORING_FEAT_SINGLE_MMAP) != 0, "io_uring needs Linux 5.4");
  const auto map = [&](std::size_t bytes, off_t what) {
    void* base =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring_, what);
    must_hold(base != MAP_FAILED, "mmap(2) failed for io_uring's queues");
    return Mapped{static_cast<std::byte*>(base), bytes};
  };
  queues_ = map(std::max(asked.sq_off.array + asked.sq_entries * sizeof(std::uint32_t),
                         asked.cq_off.cqes + asked.cq_entries * sizeof(io_uring_cqe)),
                IORING_OFF_SQ_RING);
  requests_ = map(asked.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES);
  tail_ = word(asked.sq_off.tail);
  list_ = word(asked.sq_off.array);
  mask_ = *word(asked.sq_off.ring_mask);
  results_ = reinterpret_cast<io_uring_cqe*>(queues_.base + asked.cq_off.cqes);
  results_head_ = word(asked.cq_off.head);
  results_tail_ = word(asked.cq_off.tail);
  results_mask_ = *word(asked.cq_off.ring_mask);
}

KernelRing::~KernelRing() {
  if (!is_open()) return;
  (void)munmap(requests_.base, requests_.bytes);
  (void)munmap(queues_.base, queues_.bytes);
  (void)close(ring_);
}

std::uint32_t* KernelRing::word(std::uint32_t offset) const {
  return reinterpret_cast<std::uint32_t*>(queues_.base + offset);
}

bool KernelRing::register_buffers(std::span<const iovec> buffers) {
  return is_open() && syscall(SYS_io_uring_register, ring_, IORING_REGISTER_BUFFERS, buffers.data(),
                              static_cast<unsigned>(buffers.size())) == 0;
}

void KernelRing::unregister_buffers() {
  must_hold(syscall(SYS_io_uring_register, ring_, IORING_UNREGISTER_BUFFERS, nullptr, 0) == 0,
            "IORING_UNREGISTER_BUFFERS failed");
}

void KernelRing::add(const Request& request) {
  const std::uint32_t tail = *tail_;  // only we write it
  io_uring_sqe& entry = reinterpret_cast<io_uring_sqe*>(requests_.base)[tail & mask_];
  entry = {};
  entry.opcode = request.writes ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED;
  entry.fd = request.descriptor;
  entry.addr = reinterpret_cast<std::uint64_t>(request.memory);
  entry.len = request.bytes;
  entry.off = request.offset;
  entry.user_data = request.number;
  list_[tail & mask_] = tail & mask_;
  std::atomic_ref(*tail_).store(tail + 1, std::memory_order_release);
  ++added_;
}

KernelRing::Done KernelRing::submit_and_wait() {
  const std::uint32_t head = *results_head_;
  while (std::atomic_ref(*results_tail_).load(std::memory_order_acquire) == head || added_ != 0) {
    const long taken =
        syscall(SYS_io_uring_enter, ring_, added_, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
    if (taken < 0 && errno == EINTR) continue;
    must_hold(taken >= 0, "io_uring_enter(2) failed");
    added_ -= static_cast<std::uint32_t>(taken);
  }
  const io_uring_cqe& result = results_[head & results_mask_];
  const Done done{result.user_data, result.res};
  std::atomic_ref(*results_head_).store(head + 1, std::memory_order_release);
  return done;
}

}  // namespace cleave::measure
