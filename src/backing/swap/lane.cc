#include "backing/swap/lane.h"

#include <sched.h>
#include <time.h>

#include <cerrno>
#include <utility>

#include "base/uncancelled.h"

namespace cleave::detail::backing {
namespace {

// Not for good: a signal handler ran, or the kernel wants memory, or results taken, first.
bool is_passing(int result) {
  return result >= 0 || result == -EINTR || result == -EAGAIN || result == -EBUSY ||
         result == -ENOMEM;
}

// Refusals in a row, each with a turn of other threads after it, before the ring is given up.
constexpr int kMostRefusals = 100;

}  // namespace

void Lane::open(AnonymousFile& file, unsigned depth) noexcept {
  file_ = &file;
  io_uring_params params{};
  params.flags = IORING_SETUP_CLAMP;
  const StandardStreamsHeld held;
  has_ring_ = had_ring_ = io_uring_queue_init_params(depth, &ring_, &params) == 0;
  if (has_ring_) rings_file_ = OwnFile(ring_.ring_fd);
  // A child of fork(2) must not see it: what is mapped there would be the parent's.
  if (has_ring_) (void)io_uring_ring_dontfork(&ring_);
}

void Lane::close() noexcept {
  if (had_ring_ && !rings_file_.is_there()) ring_.ring_fd = -1;
  if (had_ring_) io_uring_queue_exit(&ring_);
  has_ring_ = had_ring_ = false;
}

void Lane::send(Way way, Request& request) noexcept {
  way_ = way;
  request.error = 0;
  io_uring_sqe* const entry = has_ring_ ? io_uring_get_sqe(&ring_) : nullptr;
  if (entry == nullptr) return by_hand(request);
  request.bytes = 0;
  for (const iovec& piece : request.pieces) request.bytes += piece.iov_len;
  const auto count = static_cast<unsigned>(request.pieces.size());
  if (way == Way::in) {
    io_uring_prep_readv(entry, file_->descriptor(), request.pieces.data(), count, request.offset);
  } else {
    io_uring_prep_writev(entry, file_->descriptor(), request.pieces.data(), count, request.offset);
  }
  io_uring_sqe_set_data(entry, &request);
  request.turn = turns_++;
  request.next = under_way_;
  under_way_ = &request;
}

void Lane::submit() noexcept {
  if (!has_ring_) return;
  // What the kernel does not take now it is offered by wait().
  if (!is_passing(io_uring_submit(&ring_))) go_by_hand();
}

Request* Lane::wait() noexcept {
  for (int refusals = 0; take_results(), done_ == nullptr && under_way_ != nullptr;) {
    if (!has_ring_) {
      // The kernel has some that it took before: their results come without being asked for.
      const Uncancelled here;
      const timespec moment{0, 100'000};
      (void)nanosleep(&moment, nullptr);
      continue;
    }
    const int result = io_uring_submit_and_wait(&ring_, 1);
    if (result >= 0) {
      refusals = 0;
    } else if (!is_passing(result) || ++refusals > kMostRefusals) {
      go_by_hand();
    } else {
      (void)sched_yield();
    }
  }
  Request* const done = done_;
  if (done != nullptr) done_ = done->next;
  return done;
}

void Lane::take_results() noexcept {
  io_uring_cqe* entry = nullptr;
  while (had_ring_ && io_uring_peek_cqe(&ring_, &entry) == 0 && entry != nullptr) {
    auto* const request = static_cast<Request*>(io_uring_cqe_get_data(entry));
    const int result = entry->res;
    io_uring_cqe_seen(&ring_, entry);
    for (Request** at = &under_way_; *at != nullptr; at = &(*at)->next) {
      if (*at != request) continue;
      *at = request->next;
      break;
    }
    if (result >= 0 && static_cast<std::uint64_t>(result) == request->bytes) {
      finished(*request);
    } else {
      by_hand(*request);
    }
  }
}

void Lane::by_hand(Request& request) noexcept {
  request.error = file_->transfer(way_, request.pieces, request.offset);
  finished(request);
}

void Lane::finished(Request& request) noexcept {
  request.next = done_;
  done_ = &request;
}

// A policy has come in force since the ring was made. The newest requests are still in the queue,
// which the kernel will not look into again; those before it has.
void Lane::go_by_hand() noexcept {
  has_ring_ = false;
  const std::uint64_t first_left = turns_ - io_uring_sq_ready(&ring_);
  Request* all = std::exchange(under_way_, nullptr);
  while (all != nullptr) {
    Request& request = *std::exchange(all, all->next);
    if (request.turn >= first_left) {
      by_hand(request);
    } else {
      request.next = std::exchange(under_way_, &request);
    }
  }
}

}  // namespace cleave::detail::backing
