// Memory in chunks of many sizes, of which no more is taken than was allowed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <cleave/function_ref.h>

#include "backing/compressed/size_classes.h"

namespace cleave::detail::backing {

/// A chunk's slab and its place in it.
enum class ChunkId : std::uint32_t {};

/// Chunks of one size share slabs. Each has one owner, so that it can be moved, and slabs be
/// emptied. One thread at a time.
class Chunks {
 public:
  struct Slab {
    std::uint32_t previous;  // among those of its class that have room
    std::uint32_t next;
    std::uint16_t size_class;
    std::uint16_t used;
    std::uint16_t fresh;       // chunks from this one on were never used
    std::uint16_t first_free;  // of those that were; kNoChunk
  };

  Chunks() = default;
  /// `memory` has the slabs' bytes, zeroes, not touched yet.
  void begin(std::span<std::byte> memory, std::span<Slab> slabs) noexcept;

  /// With room for `bytes`, 1 to 4096. None: it would take more than `most` bytes of memory.
  std::optional<ChunkId> take(std::uint32_t bytes, std::uint32_t owner,
                              std::uint64_t most) noexcept;
  void give(ChunkId chunk) noexcept;
  /// As many as it was taken for.
  [[nodiscard]] std::span<std::byte> bytes_of(ChunkId chunk) noexcept;

  /// Empties a slab, if the others of its class have room for what is in it; says whether. Each
  /// owner hears where its chunk is from then on.
  bool compact(function_ref<void(std::uint32_t owner, ChunkId)> moved) noexcept;

  /// Gives the memory of an empty slab back; says whether there was one.
  bool shrink() noexcept;

  /// What is taken of the memory. No more than a mebibyte of it is unused.
  [[nodiscard]] std::uint64_t taken() const noexcept {
    return std::uint64_t{in_use_ + kept_} * kSlabBytes;
  }

 private:
  static constexpr std::uint32_t kNoSlab = ~std::uint32_t{0};
  static constexpr std::uint16_t kNoChunk = 0xffff;
  static constexpr std::uint32_t kNoOwner = ~std::uint32_t{0};
  static constexpr std::uint32_t kIndexBits = 10;  // a slab has 1,024 chunks at most
  static constexpr std::uint32_t kMostKept = 16;

  struct Class {
    std::uint32_t first = kNoSlab;  // of its slabs with room
    std::uint64_t free = 0;         // chunks in those
  };

  static constexpr ChunkId name(std::uint32_t slab, std::uint32_t index) {
    return ChunkId{slab << kIndexBits | index};
  }
  static constexpr std::uint32_t slab_of(ChunkId c) {
    return static_cast<std::uint32_t>(c) >> kIndexBits;
  }
  static constexpr std::uint32_t index_of(ChunkId c) {
    return static_cast<std::uint32_t>(c) & ((1u << kIndexBits) - 1);
  }
  [[nodiscard]] std::byte* memory_of(std::uint32_t slab) const noexcept {
    return memory_.data() + std::uint64_t{slab} * kSlabBytes;
  }
  [[nodiscard]] ChunkHeader& header(std::uint32_t slab, std::uint32_t index) const noexcept {
    const std::uint64_t size = kSizeClasses.bytes[slabs_[slab].size_class];
    return *reinterpret_cast<ChunkHeader*>(memory_of(slab) + index * size);
  }
  [[nodiscard]] std::uint32_t emptiest(std::uint32_t size_class) const noexcept;
  std::uint32_t begin_slab(std::uint32_t size_class, std::uint64_t most) noexcept;
  ChunkId take_from(std::uint32_t slab, std::uint32_t owner, std::uint32_t bytes) noexcept;
  void end_slab(std::uint32_t slab) noexcept;
  void link(std::uint32_t slab) noexcept;
  void unlink(std::uint32_t slab) noexcept;

  std::span<std::byte> memory_;
  std::span<Slab> slabs_;
  std::array<Class, kSizeClasses.bytes.size()> classes_{};
  std::uint32_t fresh_ = 0;              // slabs from this one on were never used
  std::uint32_t first_kept_ = kNoSlab;   // empty, and their memory still there
  std::uint32_t first_spent_ = kNoSlab;  // empty, and their memory given back
  std::uint32_t in_use_ = 0;
  std::uint32_t kept_ = 0;
};

}  // namespace cleave::detail::backing
