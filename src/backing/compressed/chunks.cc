#include "backing/compressed/chunks.h"

#include <sys/mman.h>

#include <cstring>
#include <utility>

namespace cleave::detail::backing {

void Chunks::begin(std::span<std::byte> memory, std::span<Slab> slabs) noexcept {
  memory_ = memory;
  slabs_ = slabs;
}

std::optional<ChunkId> Chunks::take(std::uint32_t bytes, std::uint32_t owner,
                                    std::uint64_t most) noexcept {
  const std::uint32_t size_class =
      class_for(bytes + static_cast<std::uint32_t>(sizeof(ChunkHeader)));
  std::uint32_t slab = classes_[size_class].first;
  if (slab == kNoSlab) slab = begin_slab(size_class, most);
  if (slab == kNoSlab) return std::nullopt;
  return take_from(slab, owner, bytes);
}

ChunkId Chunks::take_from(std::uint32_t slab, std::uint32_t owner, std::uint32_t bytes) noexcept {
  Slab& from = slabs_[slab];
  std::uint32_t index = from.first_free;
  if (index == kNoChunk) {
    index = from.fresh++;
  } else {
    from.first_free = header(slab, index).next_free;
  }
  ++from.used;
  --classes_[from.size_class].free;
  if (from.used == chunks_of(from.size_class)) unlink(slab);
  header(slab, index) = {owner, static_cast<std::uint16_t>(bytes), kNoChunk};
  return name(slab, index);
}

void Chunks::give(ChunkId chunk) noexcept {
  const std::uint32_t slab = slab_of(chunk);
  Slab& to = slabs_[slab];
  header(slab, index_of(chunk)) = {kNoOwner, 0, to.first_free};
  to.first_free = static_cast<std::uint16_t>(index_of(chunk));
  if (to.used == chunks_of(to.size_class)) link(slab);
  --to.used;
  ++classes_[to.size_class].free;
  if (to.used == 0) end_slab(slab);
}

std::span<std::byte> Chunks::bytes_of(ChunkId chunk) noexcept {
  ChunkHeader& of = header(slab_of(chunk), index_of(chunk));
  return {reinterpret_cast<std::byte*>(&of + 1), of.bytes};
}

std::uint32_t Chunks::begin_slab(std::uint32_t size_class, std::uint64_t most) noexcept {
  std::uint32_t slab = first_kept_;
  if (slab != kNoSlab) {
    first_kept_ = slabs_[slab].next;
    --kept_;
  } else if (const bool may_grow = taken() + kSlabBytes <= most;
             may_grow && first_spent_ != kNoSlab) {
    slab = first_spent_;
    first_spent_ = slabs_[slab].next;
  } else if (may_grow && fresh_ < slabs_.size()) {
    slab = fresh_++;
  } else {
    return kNoSlab;
  }
  ++in_use_;
  slabs_[slab] = {kNoSlab, kNoSlab, static_cast<std::uint16_t>(size_class), 0, 0, kNoChunk};
  classes_[size_class].free += chunks_of(size_class);
  link(slab);
  return slab;
}

// A few empty slabs stay, for whoever comes next.
void Chunks::end_slab(std::uint32_t slab) noexcept {
  unlink(slab);
  classes_[slabs_[slab].size_class].free -= chunks_of(slabs_[slab].size_class);
  --in_use_;
  slabs_[slab].next = std::exchange(first_kept_, slab);
  if (++kept_ > kMostKept) (void)shrink();
}

bool Chunks::shrink() noexcept {
  const std::uint32_t slab = first_kept_;
  if (slab == kNoSlab || madvise(memory_of(slab), kSlabBytes, MADV_DONTNEED) != 0) return false;
  first_kept_ = slabs_[slab].next;
  --kept_;
  slabs_[slab].next = std::exchange(first_spent_, slab);
  return true;
}

void Chunks::link(std::uint32_t slab) noexcept {
  std::uint32_t& first = classes_[slabs_[slab].size_class].first;
  slabs_[slab].previous = kNoSlab;
  slabs_[slab].next = first;
  if (first != kNoSlab) slabs_[first].previous = slab;
  first = slab;
}

void Chunks::unlink(std::uint32_t slab) noexcept {
  const Slab& out = slabs_[slab];
  (out.previous == kNoSlab ? classes_[out.size_class].first : slabs_[out.previous].next) = out.next;
  if (out.next != kNoSlab) slabs_[out.next].previous = out.previous;
}

std::uint32_t Chunks::emptiest(std::uint32_t size_class) const noexcept {
  std::uint32_t best = kNoSlab;
  for (std::uint32_t s = classes_[size_class].first; s != kNoSlab; s = slabs_[s].next) {
    if (best == kNoSlab || slabs_[s].used < slabs_[best].used) best = s;
  }
  return best;
}

bool Chunks::compact(function_ref<void(std::uint32_t, ChunkId)> moved) noexcept {
  for (std::uint32_t size_class = 0; size_class < kSizeClasses.count; ++size_class) {
    // Where there is as much room as a slab has, what is in one of them fits into the others.
    if (classes_[size_class].free < chunks_of(size_class)) continue;
    const std::uint32_t slab = emptiest(size_class);
    const std::uint32_t fresh = slabs_[slab].fresh;
    unlink(slab);  // so that nothing moves into it
    classes_[size_class].free -= chunks_of(size_class) - slabs_[slab].used;
    for (std::uint32_t index = 0; index < fresh; ++index) {
      const ChunkHeader& from = header(slab, index);
      if (from.owner == kNoOwner) continue;
      const ChunkId to = take_from(classes_[size_class].first, from.owner, from.bytes);
      std::memcpy(bytes_of(to).data(), &from + 1, from.bytes);
      moved(from.owner, to);
    }
    slabs_[slab].used = 0;
    link(slab);  // as end_slab() expects it
    classes_[size_class].free += chunks_of(size_class);
    end_slab(slab);
    return true;
  }
  return false;
}

}  // namespace cleave::detail::backing
