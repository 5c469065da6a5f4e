// One read or write, from start to completion: which bytes are under way, and where it ended.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include <cleave/error.h>
#include <cleave/hold.h>
#include <cleave/pin.h>
#include <cleave/ring.h>
#include <cleave/space.h>
#include <cleave/units.h>

#include "io/target.h"

namespace cleave::detail {

class Transfer;

/// A part of a transfer that has at most one request with the kernel, and its memory secured
/// meanwhile.
struct Block {
  Transfer* transfer = nullptr;
  Block* next = nullptr;  // of those that wait for their turn

  std::uint64_t position = 0;  // of the next byte, counted from the transfer's beginning
  std::uint64_t end = 0;
  bool secured = false;      // the pieces are there, and pinned or held
  bool submitted = false;    // a request is with the kernel
  bool direct = false;       // ... past the page cache
  bool not_ready = false;    // the file has to be waited for first
  bool awaiting = false;     // ... which the request with the kernel does
  std::uint8_t unasked = 0;  // how often in a row the kernel has given the request up

  std::optional<Pin> pin;        // of a coherent transfer
  std::optional<HoldView> view;  // of a stable one
  iovec* pieces = nullptr;  // room for all that the block can have; what is transferred is cut off
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint64_t cut = 0;  // bytes that the request leaves out of its last piece
  iovec* cut_piece = nullptr;
};

class Transfer {
 public:
  enum class Direction : std::uint8_t { in, out };

  struct Request {
    Direction direction;
    std::optional<Space> space;  // whose pages are pinned ...
    Address address;
    std::uint64_t offset;
    std::uint64_t bytes;
    std::optional<Hold> hold;  // ... or else what is written
    Target target;
  };

  /// Without blocks; use make().
  Transfer(Request&& request, std::uint64_t block_bytes, TransferId id) noexcept
      : request_(std::move(request)), block_bytes_(block_bytes), id_(id) {}

  /// Error: no_memory.
  static Result<Transfer*> make(Request request, const RingOptions& options,
                                TransferId id) noexcept;
  static void end(Transfer* transfer) noexcept;

  [[nodiscard]] TransferId id() const noexcept { return id_; }
  [[nodiscard]] Direction direction() const noexcept { return request_.direction; }
  [[nodiscard]] Target& target() noexcept { return request_.target; }
  [[nodiscard]] std::span<Block> blocks() noexcept { return {blocks_, count_}; }
  [[nodiscard]] std::uint64_t offset(const Block& block) const noexcept {
    return request_.offset + block.position;
  }
  [[nodiscard]] Address address(const Block& block) const noexcept {
    return request_.address + block.position;
  }

  /// Gives an idle block the next bytes. False: there are none left to begin.
  [[nodiscard]] bool take_up(Block& block) noexcept;
  /// Pins the block's memory, unless it is held. Errors: as Space::pin.
  Result<void> secure(Block& block);
  static void release(Block& block) noexcept;

  /// At most `most` bytes in as few pieces as a request may have, from the block's position on.
  static std::span<const iovec> begin_request(Block& block, std::uint64_t most) noexcept;
  static void end_request(Block& block) noexcept;
  /// Cuts off what a request has transferred.
  static void advance(Block& block, std::uint64_t bytes) noexcept;

  /// Nothing at or after `position` counts any more. The lowest position is what the result tells
  /// of.
  void stop(std::uint64_t position, std::optional<Error> why) noexcept;
  [[nodiscard]] bool stops_before(const Block& block) const noexcept {
    return stop_ <= block.position;
  }
  void cancel() noexcept { cancelled_ = true; }
  [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_; }

  /// When no block is at work any more.
  [[nodiscard]] Result<ByteCount> result() const;

  // For the ring.
  Transfer* next = nullptr;
  Transfer* previous = nullptr;
  std::uint32_t working = 0;  // blocks taken up, and cancellations with the kernel

 private:
  Result<Pin> pin_what_can_be(Block& block);

  Request request_;
  const std::uint64_t block_bytes_;
  const TransferId id_;
  Block* blocks_ = nullptr;
  iovec* pieces_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint64_t next_ = 0;  // first byte that no block has taken up
  std::uint64_t stop_ = std::numeric_limits<std::uint64_t>::max();
  std::optional<Error> why_;
  bool cancelled_ = false;
};

}  // namespace cleave::detail
