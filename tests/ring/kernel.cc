#include "tests/ring/kernel.h"

#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace cleave::detail {
namespace {

PlayedKernel* the_one = nullptr;

std::uint64_t bytes_of(const std::vector<iovec>& pieces) {
  std::uint64_t bytes = 0;
  for (const iovec& piece : pieces) bytes += piece.iov_len;
  return bytes;
}

bool is_read(std::uint8_t code) { return code == IORING_OP_READV; }

}  // namespace

PlayedKernel::PlayedKernel(Choices& choices, unsigned surprises)
    : choices_(choices), surprises_(surprises), entries_(kEntries), results_(4 * kEntries) {
  the_one = this;
}

PlayedKernel::~PlayedKernel() { the_one = nullptr; }

PlayedKernel& PlayedKernel::running() { return *the_one; }

void PlayedKernel::open(io_uring& ring, io_uring_params& params) {
  params.features = IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_EXT_ARG;
  ring = {};
  ring.features = params.features;
  ring.sq.khead = &submit_head_;
  ring.sq.sqes = entries_.data();
  ring.sq.ring_entries = kEntries;
  ring.sq.ring_mask = kEntries - 1;
  ring.cq.khead = &result_head_;
  ring.cq.ktail = &result_tail_;
  ring.cq.cqes = results_.data();
  ring.cq.ring_entries = 4 * kEntries;
  ring.cq.ring_mask = 4 * kEntries - 1;
}

void PlayedKernel::close() { closed_too_early_ = !in_flight_.empty(); }

bool PlayedKernel::surprises() {
  if (surprises_ == 0 || choices_.choose(2) == 0) return false;
  --surprises_;
  return true;
}

int PlayedKernel::submit(io_uring& ring) {
  const unsigned count = ring.sq.sqe_tail - submit_head_;
  if (count == 0) return 0;
  if (surprises()) return -EAGAIN;  // out of memory, for a moment
  for (; submit_head_ != ring.sq.sqe_tail; ++submit_head_)
    take(entries_[submit_head_ & (kEntries - 1)]);
  return static_cast<int>(count);
}

int PlayedKernel::submit_and_wait(io_uring& ring) {
  const int taken = submit(ring);
  if (taken < 0 || result_tail_ != result_head_) return taken;
  if (in_flight_.empty()) {
    std::fprintf(stderr, "the ring waits for ever, after: %s\n", choices_.text().c_str());
    std::abort();
  }
  if (surprises()) return -EINTR;
  complete(choices_.choose(static_cast<unsigned>(in_flight_.size())));
  return taken;
}

bool PlayedKernel::peek() {
  if (in_flight_.empty() || choices_.choose(2) == 0) return false;
  complete(choices_.choose(static_cast<unsigned>(in_flight_.size())));
  return true;
}

void PlayedKernel::take(const io_uring_sqe& entry) {
  if (entry.opcode == IORING_OP_ASYNC_CANCEL) return cancel(entry);
  Request request{entry.user_data, entry.opcode, entry.fd, entry.off, {}};
  if (entry.opcode == IORING_OP_READV || entry.opcode == IORING_OP_WRITEV) {
    const auto* pieces = reinterpret_cast<const iovec*>(entry.addr);
    request.pieces.assign(pieces, pieces + entry.len);
  }
  in_flight_.push_back(std::move(request));
}

void PlayedKernel::cancel(const io_uring_sqe& entry) {
  const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                  [&](const Request& r) { return r.name == entry.addr; });
  if (found == in_flight_.end()) return put(entry.user_data, -ENOENT);
  if (surprises()) return put(entry.user_data, -ENOENT);  // on its way from queue to queue
  if (choices_.choose(2) == 1) return put(entry.user_data, -EALREADY);
  said_.cancelled = true;
  put(entry.user_data, 0);
  put(found->name, -ECANCELED);
  in_flight_.erase(found);
}

void PlayedKernel::complete(std::size_t which) {
  const Request request = std::move(in_flight_[which]);
  in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(which));
  put(request.name, answer(request));
}

int PlayedKernel::answer(const Request& request) {
  if (request.code == IORING_OP_POLL_ADD) return POLLIN | POLLOUT;
  const std::uint64_t bytes = bytes_of(request.pieces);
  if (!surprises()) return move(request, bytes);
  switch (choices_.choose(7)) {
    case 0:
      return move(request, (bytes + 1) / 2);
    case 5:
      return move(request, std::max<std::uint64_t>(bytes - 1, 1));
    case 1:
      return -EAGAIN;
    case 2:
      return -EINTR;
    case 3:
      return -ECANCELED;
    case 4:
      said_.error = true;
      return -EIO;
    default:
      said_.end = true;
      return 0;
  }
}

int PlayedKernel::move(const Request& request, std::uint64_t bytes) {
  std::vector<iovec> pieces;
  for (const iovec& piece : request.pieces) {
    if (bytes == 0) break;
    pieces.push_back({piece.iov_base, std::min<std::uint64_t>(bytes, piece.iov_len)});
    bytes -= pieces.back().iov_len;
  }
  const auto count = static_cast<int>(pieces.size());
  const auto offset = static_cast<off_t>(request.offset);
  const ssize_t moved = is_read(request.code)
                            ? preadv(request.descriptor, pieces.data(), count, offset)
                            : pwritev(request.descriptor, pieces.data(), count, offset);
  return moved < 0 ? -errno : static_cast<int>(moved);
}

void PlayedKernel::put(std::uint64_t name, int result) {
  io_uring_cqe& entry = results_[result_tail_++ & (4 * kEntries - 1)];
  entry.user_data = name;
  entry.res = result;
}

std::uint64_t PlayedKernel::pages_read_into() const {
  std::uint64_t pages = 0;
  for (const Request& request : in_flight_) {
    if (!is_read(request.code)) continue;
    for (const iovec& piece : request.pieces) {
      const auto first = reinterpret_cast<std::uintptr_t>(piece.iov_base) / 4096;
      pages +=
          (reinterpret_cast<std::uintptr_t>(piece.iov_base) + piece.iov_len - 1) / 4096 - first + 1;
    }
  }
  return pages;
}

}  // namespace cleave::detail

// In the place of liburing's: a program's own definitions come first.
using cleave::detail::PlayedKernel;
extern "C" {
int io_uring_queue_init_params(unsigned, io_uring* ring, io_uring_params* params) {
  PlayedKernel::running().open(*ring, *params);
  return 0;
}
void io_uring_queue_exit(io_uring*) { PlayedKernel::running().close(); }
int io_uring_submit(io_uring* ring) { return PlayedKernel::running().submit(*ring); }
int io_uring_submit_and_wait(io_uring* ring, unsigned) {
  return PlayedKernel::running().submit_and_wait(*ring);
}
// Asked when there was none.
int __io_uring_get_cqe(io_uring* ring, io_uring_cqe** result, unsigned, unsigned, sigset_t*) {
  *result = nullptr;
  if (!PlayedKernel::running().peek()) return -EAGAIN;
  return __io_uring_peek_cqe(ring, result, nullptr);
}
}
