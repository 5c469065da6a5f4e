#include "io/transfer.h"

#include <limits.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/fail.h"
#include "sync/memory.h"

namespace cleave::detail {
namespace {

constexpr std::size_t kMostPieces = IOV_MAX;

}  // namespace

Result<Transfer*> Transfer::make(Request request, const RingOptions& options,
                                 TransferId id) noexcept {
  const std::uint64_t bytes = request.bytes;
  const std::uint64_t block_bytes = options.block.value;
  // Blocks end at multiples of their size in the file, so that one that starts off a page costs no
  // more.
  const std::uint64_t blocks =
      bytes == 0 ? 0
                 : (request.offset + bytes - 1) / block_bytes - request.offset / block_bytes + 1;
  const std::uint64_t at_once = request.target.is_in_order()
                                    ? std::min<std::uint64_t>(blocks, 1)
                                    : std::min<std::uint64_t>(blocks, options.depth);
  const std::uint64_t pieces = std::min(block_bytes, bytes) / kPageSize + 2;

  auto* transfer = sync::make<Transfer>(std::move(request), block_bytes, id);
  if (transfer == nullptr) return fail(Errc::no_memory, "out of memory allocating a transfer");
  if (at_once == 0) return transfer;
  transfer->blocks_ = static_cast<Block*>(sync::allocate(at_once * sizeof(Block), alignof(Block)));
  transfer->pieces_ = static_cast<iovec*>(sync::allocate(at_once * pieces * sizeof(iovec)));
  if (transfer->blocks_ == nullptr || transfer->pieces_ == nullptr) {
    end(transfer);
    return fail(Errc::no_memory, "out of memory allocating a transfer's pieces");
  }
  for (; transfer->count_ < at_once; ++transfer->count_) {
    Block* block = std::construct_at(&transfer->blocks_[transfer->count_]);
    block->transfer = transfer;
    block->pieces = transfer->pieces_ + transfer->count_ * pieces;
  }
  return transfer;
}

void Transfer::end(Transfer* transfer) noexcept {
  if (transfer == nullptr) return;
  std::destroy_n(transfer->blocks_, transfer->count_);
  sync::deallocate(transfer->blocks_);
  sync::deallocate(transfer->pieces_);
  sync::destroy(transfer);
}

bool Transfer::take_up(Block& block) noexcept {
  if (cancelled_ || next_ >= std::min(request_.bytes, stop_)) return false;
  const std::uint64_t offset = request_.offset + next_;
  const std::uint64_t boundary = (offset / block_bytes_ + 1) * block_bytes_ - request_.offset;
  block.position = next_;
  block.end = std::min(request_.bytes, boundary);
  next_ = block.end;
  return true;
}

Result<void> Transfer::secure(Block& block) {
  const Address at = address(block);
  const ByteCount bytes = block.end - block.position;
  block.first = block.count = 0;
  if (request_.hold) {
    auto view = request_.hold->view(at, bytes);
    if (!view) return tl::unexpected(view.error());
    block.view.emplace(std::move(*view));
    for (const iovec& piece : block.view->pieces()) block.pieces[block.count++] = piece;
  } else {
    auto pin = pin_what_can_be(block);
    if (!pin) return tl::unexpected(pin.error());
    block.pin.emplace(std::move(*pin));
    for (const iovec& piece : block.pin->pieces()) block.pieces[block.count++] = piece;
  }
  block.secured = true;
  return {};
}

// Where a region ends within the block, what lies before is transferred, and then the error is told
// of the byte that it is about.
Result<Pin> Transfer::pin_what_can_be(Block& block) {
  const Address at = address(block);
  for (;;) {
    auto pin =
        request_.space->pin(at, block.end - block.position,
                            direction() == Direction::in ? PinAccess::write : PinAccess::read);
    if (pin || pin.error().where <= at) return pin;
    block.end = block.position + (pin.error().where - at).value;
    stop(block.end, pin.error());
  }
}

void Transfer::release(Block& block) noexcept {
  block.pin.reset();
  block.view.reset();
  block.secured = false;
}

std::span<const iovec> Transfer::begin_request(Block& block, std::uint64_t most) noexcept {
  std::uint32_t pieces = 0;
  std::uint64_t bytes = 0;
  block.cut = 0;
  while (bytes < most && pieces < kMostPieces && block.first + pieces < block.count) {
    iovec& piece = block.pieces[block.first + pieces++];
    if (piece.iov_len > most - bytes) {
      block.cut = piece.iov_len - (most - bytes);
      block.cut_piece = &piece;
      piece.iov_len -= block.cut;
    }
    bytes += piece.iov_len;
  }
  return {block.pieces + block.first, pieces};
}

void Transfer::end_request(Block& block) noexcept {
  if (block.cut != 0) block.cut_piece->iov_len += std::exchange(block.cut, 0);
}

void Transfer::advance(Block& block, std::uint64_t bytes) noexcept {
  block.position += bytes;
  while (bytes != 0) {
    iovec& piece = block.pieces[block.first];
    const std::uint64_t here = std::min<std::uint64_t>(bytes, piece.iov_len);
    piece.iov_base = static_cast<std::byte*>(piece.iov_base) + here;
    piece.iov_len -= here;
    bytes -= here;
    if (piece.iov_len == 0) ++block.first;
  }
}

void Transfer::stop(std::uint64_t position, std::optional<Error> why) noexcept {
  if (position >= stop_) return;
  stop_ = position;
  why_ = why;
}

Result<ByteCount> Transfer::result() const {
  const std::uint64_t done = std::min({request_.bytes, stop_, next_});
  if (stop_ == done && why_) {
    Error error = *why_;
    error.where = request_.address + done;
    return tl::unexpected(error);
  }
  if (stop_ > done && done < request_.bytes) {
    return fail(Errc::cancelled, "the transfer was cancelled", request_.address + done);
  }
  return done;
}

}  // namespace cleave::detail
