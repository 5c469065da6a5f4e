// What one request moves: pages whose slots follow each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "backing/swap/lane.h"
#include "backing/swap/slots.h"

namespace cleave::detail::backing {

/// 128 KiB: more at a time is no faster (docs/reference/backing.md).
inline constexpr std::uint64_t kBlockPages = 32;

struct DiskBlock {
  Request request;  // first, so that a lane's request leads to its block
  Stretch run;
  std::uint64_t first = 0;      ///< which of the call's pages comes first
  std::byte* bounce = nullptr;  ///< of a writing block: kBlockPages pages of memory
  std::array<iovec, kBlockPages> pieces{};
  std::array<std::uint32_t, kBlockPages> numbers{};  ///< of a reading one: which page goes where
  DiskBlock* next = nullptr;

  static DiskBlock& of(Request& request) noexcept { return reinterpret_cast<DiskBlock&>(request); }
};

/// A lane and its blocks: what one thread needs to have several requests with the disk.
struct Traffic {
  Lane lane;
  DiskBlock* idle = nullptr;
  std::span<std::uint32_t> order;  ///< of a reading one
  Traffic* next = nullptr;

  DiskBlock* take_idle() noexcept {
    DiskBlock* const block = idle;
    if (block != nullptr) idle = block->next;
    return block;
  }
  void put_idle(DiskBlock& block) noexcept {
    block.next = idle;
    idle = &block;
  }
};

}  // namespace cleave::detail::backing
