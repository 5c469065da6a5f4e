#include "io/engine.h"

#include <liburing.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/fail.h"
#include "base/own_file.h"
#include "base/refusal.h"
#include "sync/memory.h"

namespace cleave::detail {
namespace {

// A piece of this size goes out from its registered buffer, as a request of its own. Smaller ones
// share a request: one that names a thousand pieces is cheaper than a thousand that name one each,
// registered or not (docs/decisions/0006-registered-buffers.md has the figures).
constexpr std::uint64_t kSmallestFixed = std::uint64_t{256} << 10;

constexpr Refusals kSetUp = {
    .denied =
        "io_uring is forbidden here, by sysctl kernel.io_uring_disabled or by a policy, as a "
        "container's seccomp profile; read and write by other means",
    .descriptors =
        "io_uring_setup found no file descriptor left under RLIMIT_NOFILE (ulimit -n); "
        "close some, or raise the limit",
    .files =
        "io_uring_setup found the machine's table of files full (sysctl fs.file-max); close "
        "some",
    .memory =
        "RLIMIT_MEMLOCK (ulimit -l) leaves no room for a ring, or the kernel has no memory "
        "for one; raise the limit, or end other rings",
    .missing =
        "the kernel has no io_uring, which came with Linux 5.5; read and write by other "
        "means"};

constexpr const char* kFileTooLarge =
    "a file may not be that large here (RLIMIT_FSIZE, ulimit -f); raise the limit";

constexpr const char* kNoThread =
    "the kernel gave the request up: it can start no thread of io_uring's under RLIMIT_NPROC "
    "(ulimit -u) or the control group's limit; raise it, or read and write by other means";

// Cancellations of one request in a row that we did not ask for.
constexpr std::uint8_t kMostUnasked = 16;

// Blocks are aligned: the low bit of what comes back with a result is free to tell whose result it
// is.
constexpr std::uint64_t kCancellation = 1;

// Transfers are under way, whose memory the kernel may be writing to: nothing can be given up.
constexpr const char* kRefusedNow =
    "io_uring_enter(2) worked when the ring was made, and is refused now";

// Not a refusal for good: a signal handler ran, or the kernel wants memory, or results taken,
// first.
bool is_passing(int result) {
  return result >= 0 || result == -EINTR || result == -EAGAIN || result == -EBUSY ||
         result == -ENOMEM;
}

std::uint64_t name_of(const Block& block) { return reinterpret_cast<std::uintptr_t>(&block); }

}  // namespace

Engine::Engine(const RingOptions& options, Frames& frames) noexcept
    : options_(options), frames_(frames) {
  frames_.retain();
}

Result<void> Engine::open() {
  ring_ = sync::make<io_uring>();
  if (ring_ == nullptr) return fail(Errc::no_memory, "out of memory allocating a ring");
  io_uring_params params{};
  // Room for a request and a cancellation from each block that may be with the kernel, twice over:
  // results never have to be put by elsewhere.
  params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  params.cq_entries = std::max(64u, options_.requests * 4);
  const StandardStreamsHeld held;
  const int opened = io_uring_queue_init_params(std::min(options_.requests, 256u), ring_, &params);
  if (opened < 0) sync::destroy(std::exchange(ring_, nullptr));
  if (opened < 0) return refused(kSetUp, -opened);
  rings_file_ = OwnFile(ring_->ring_fd);
  if ((params.features & IORING_FEAT_NODROP) == 0) {
    return fail(Errc::unsupported, "this kernel's io_uring may lose results; Linux 5.5 does not");
  }
  if (options_.registered) {
    buffers_.emplace(*ring_, frames_);
    if (buffers_->table_error() != 0) return refused(kSetUp, buffers_->table_error());
  }
  return {};
}

Engine::~Engine() {
  if (ring_ != nullptr) close();
  frames_.release();
}

void Engine::close() noexcept {
  for (Transfer* t = under_way_.first; t != nullptr; t = t->next) cancel(*t);
  while (!is_idle()) wait();
  while (take_finished()) {
  }
  buffers_.reset();
  if (!rings_file_.is_there()) ring_->ring_fd = -1;  // closed, by the program
  io_uring_queue_exit(ring_);
  sync::destroy(ring_);
}

void Engine::List::append(Transfer& transfer) noexcept {
  transfer.previous = last;
  transfer.next = nullptr;
  (last == nullptr ? first : last->next) = &transfer;
  last = &transfer;
}

void Engine::List::remove(Transfer& transfer) noexcept {
  (transfer.previous == nullptr ? first : transfer.previous->next) = transfer.next;
  (transfer.next == nullptr ? last : transfer.next->previous) = transfer.previous;
}

Result<TransferId> Engine::start(Transfer::Request request) {
  const auto made = Transfer::make(std::move(request), options_, TransferId{last_id_ + 1});
  if (!made) return tl::unexpected(made.error());
  Transfer& transfer = **made;
  ++last_id_;
  ++in_flight_;
  under_way_.append(transfer);
  ++transfer.working;  // by us, so that it cannot end before it has begun
  for (Block& block : transfer.blocks()) {
    if (!transfer.take_up(block)) break;
    ++transfer.working;
    await_turn(block);
  }
  submit_waiting();
  const TransferId id = transfer.id();
  one_less(transfer);
  return id;
}

void Engine::await_turn(Block& block) noexcept {
  block.next = nullptr;
  (last_waiting_ == nullptr ? first_waiting_ : last_waiting_->next) = &block;
  last_waiting_ = &block;
}

void Engine::submit_waiting() {
  while (first_waiting_ != nullptr && with_kernel_ < options_.requests) {
    Block& block = *first_waiting_;
    first_waiting_ = block.next;
    if (first_waiting_ == nullptr) last_waiting_ = nullptr;
    send(block);
  }
  // What the kernel does not take now, for want of memory, it is offered with the next call.
  while (io_uring_sq_ready(ring_) != 0) {
    const int taken = io_uring_submit(ring_);
    if (taken <= 0 && taken != -EINTR) break;
  }
}

io_uring_sqe* Engine::next_entry() {
  for (;;) {
    if (io_uring_sqe* entry = io_uring_get_sqe(ring_)) return entry;
    CLEAVE_CHECK(insist([this] { return is_passing(io_uring_submit(ring_)); }), kRefusedNow);
  }
}

void Engine::send(Block& block) {
  Transfer& transfer = *block.transfer;
  if (transfer.is_cancelled()) {
    transfer.stop(block.position, Error{Errc::cancelled, "the transfer was cancelled"});
  }
  if (transfer.stops_before(block)) return retire(block);
  if (auto prepared = prepare(block); !prepared) {
    transfer.stop(block.position, prepared.error());
    return retire(block);
  }
  block.submitted = true;
  ++with_kernel_;
}

Result<void> Engine::prepare(Block& block) {
  Transfer& transfer = *block.transfer;
  if (!block.secured) {
    if (auto secured = transfer.secure(block); !secured) return secured;
  }
  const bool in = transfer.direction() == Transfer::Direction::in;
  std::uint64_t rest = block.end - block.position;
  if (!in) rest = transfer.target().may_write(transfer.offset(block), rest);
  if (rest == 0) return fail(Errc::io, kFileTooLarge, {}, EFBIG);
  auto step = transfer.target().step(transfer.offset(block), transfer.address(block), rest);
  if (!step) return tl::unexpected(step.error());

  block.awaiting = std::exchange(block.not_ready, false);
  if (block.awaiting) {
    io_uring_sqe* entry = next_entry();
    io_uring_prep_poll_add(entry, step->descriptor, in ? POLLIN : POLLOUT);
    io_uring_sqe_set_data64(entry, name_of(block));
    return {};
  }

  std::uint64_t most = std::min(step->bytes, options_.most_bytes_per_request.value);
  if (step->direct) most = std::min(step->bytes, std::max(most / kPageSize * kPageSize, kPageSize));
  block.direct = step->direct;
  std::optional<RegisteredBuffers::Buffer> buffer;
  const iovec& piece = block.pieces[block.first];
  if (buffers_ && piece.iov_len >= std::min(kSmallestFixed, most)) buffer = buffers_->find(piece);
  if (buffer) most = std::min(most, buffer->bytes);

  const std::span<const iovec> pieces = Transfer::begin_request(block, most);
  io_uring_sqe* entry = next_entry();
  const auto offset = step->offset;
  if (buffer) {
    const iovec& one = pieces.front();
    const auto bytes = static_cast<unsigned>(one.iov_len);
    if (in) {
      io_uring_prep_read_fixed(entry, step->descriptor, one.iov_base, bytes, offset, buffer->index);
    } else {
      io_uring_prep_write_fixed(entry, step->descriptor, one.iov_base, bytes, offset,
                                buffer->index);
    }
  } else {
    const auto count = static_cast<unsigned>(pieces.size());
    if (in) {
      io_uring_prep_readv(entry, step->descriptor, pieces.data(), count, offset);
    } else {
      io_uring_prep_writev(entry, step->descriptor, pieces.data(), count, offset);
    }
  }
  io_uring_sqe_set_data64(entry, name_of(block));
  return {};
}

void Engine::retire(Block& block) noexcept {
  Transfer::release(block);
  one_less(*block.transfer);
}

void Engine::one_less(Transfer& transfer) noexcept {
  if (--transfer.working != 0) return;
  under_way_.remove(transfer);
  finished_.append(transfer);
}

void Engine::go_on() {
  take_results();
  submit_waiting();
}

void Engine::wait() {
  CLEAVE_CHECK(insist([this] { return is_passing(io_uring_submit_and_wait(ring_, 1)); }),
               kRefusedNow);
  go_on();
}

void Engine::take_results() {
  io_uring_cqe* entry = nullptr;
  while (io_uring_peek_cqe(ring_, &entry) == 0 && entry != nullptr) {
    const std::uint64_t data = io_uring_cqe_get_data64(entry);
    const int result = entry->res;
    io_uring_cqe_seen(ring_, entry);
    Block& block = *reinterpret_cast<Block*>(data & ~kCancellation);
    if ((data & kCancellation) != 0) {
      cancellation_ended(block, result);
    } else {
      completed(block, result);
    }
  }
}

void Engine::completed(Block& block, int result) {
  Transfer& transfer = *block.transfer;
  --with_kernel_;
  block.submitted = false;
  if (block.awaiting) {  // Whatever it says: the request itself will know.
    block.awaiting = false;
    return await_turn(block);
  }
  Transfer::end_request(block);
  const bool in = transfer.direction() == Transfer::Direction::in;
  if (result > 0) return transferred(block, static_cast<std::uint64_t>(result));
  if (result == 0 && in) {
    transfer.stop(block.position, std::nullopt);  // the end of the file
    return retire(block);
  }
  switch (-result) {
    case EAGAIN:
      block.not_ready = true;
      return await_turn(block);
    case EINTR:
      return await_turn(block);
    // By us, as send() will find; or the thread that sent it has ended, and we send it again. But
    // the kernel says the same where it can start no thread to wait for a file in.
    case ECANCELED:
      if (transfer.is_cancelled() || ++block.unasked < kMostUnasked) return await_turn(block);
      transfer.stop(block.position, Error{Errc::io, kNoThread, {}, EAGAIN});
      return retire(block);
    case EINVAL:
      if (block.direct) {
        transfer.target().give_up_direct();
        return await_turn(block);
      }
      break;
    default:
      break;
  }
  transfer.stop(block.position, Error{Errc::io,
                                      in            ? "the file could not be read"
                                      : result == 0 ? "the file takes no more bytes"
                                                    : "the file could not be written",
                                      {},
                                      -result});
  retire(block);
}

void Engine::transferred(Block& block, std::uint64_t bytes) {
  Transfer& transfer = *block.transfer;
  Transfer::advance(block, bytes);
  block.unasked = 0;
  if (block.position == block.end) {
    Transfer::release(block);
    if (!transfer.take_up(block)) return one_less(transfer);
  } else if (block.direct && transfer.direction() == Transfer::Direction::in &&
             transfer.target().ends_by(transfer.offset(block))) {
    // A read would say so too; but this one, off the file's alignment, would have to go through the
    // cache, and not every holder of the descriptor may open the file a second time.
    transfer.stop(block.position, std::nullopt);
    return retire(block);
  }
  await_turn(block);
}

bool Engine::cancel(TransferId id) {
  for (Transfer* t = under_way_.first; t != nullptr; t = t->next) {
    if (t->id() != id) continue;
    cancel(*t);
    go_on();
    return true;
  }
  return false;
}

void Engine::cancel(Transfer& transfer) {
  if (transfer.is_cancelled()) return;
  transfer.cancel();
  for (Block& block : transfer.blocks()) {
    if (block.submitted) send_cancellation(block);
  }
}

void Engine::send_cancellation(Block& block) {
  ++block.transfer->working;
  io_uring_sqe* entry = next_entry();
  io_uring_prep_cancel64(entry, name_of(block), 0);
  io_uring_sqe_set_data64(entry, name_of(block) | kCancellation);
}

void Engine::cancellation_ended(Block& block, int result) {
  // Not found, and not done either: the kernel was just moving it from one queue to another.
  if (result == -ENOENT && block.submitted) send_cancellation(block);
  one_less(*block.transfer);
}

std::optional<Completion> Engine::take_finished() { return take(finished_.first); }

std::optional<Completion> Engine::take_finished(TransferId id) {
  Transfer* t = finished_.first;
  while (t != nullptr && t->id() != id) t = t->next;
  return take(t);
}

std::optional<Completion> Engine::take(Transfer* transfer) {
  if (transfer == nullptr) return std::nullopt;
  finished_.remove(*transfer);
  --in_flight_;
  Completion completion{transfer->id(), transfer->result()};
  Transfer::end(transfer);
  return completion;
}

}  // namespace cleave::detail
