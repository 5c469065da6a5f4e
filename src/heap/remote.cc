// Frees by another thread than the slab's owner: a bit in the slab's second record, which no
// owner's allocation or free touches, and so neither the freed block's page nor the owner's line.

#include <bit>

#include <cleave/heap.h>

#include "heap/layout.h"
#include "heap/misuse.h"
#include "heap/place.h"

namespace cleave {
using namespace detail;
namespace {

// The blocks of a word of a slab that its owner keeps.
std::uint64_t kept_in(const SlotClass& own, const Slab& slab, unsigned word) {
  std::uint64_t bits = 0;
  for (std::uint32_t i = 0; i < own.kept_count; ++i) {
    const std::uint64_t from_slab = std::uint64_t{own.kept[i]} * kBlockAlignment -
                                    (std::uint64_t{slab.first_page} << kPageBits);
    if (from_slab >= std::uint64_t{slab.blocks} * slab.block_bytes) continue;
    const BlockAt at = block_at(slab.reciprocal, static_cast<std::uint32_t>(from_slab));
    if (at.index / 64 == word) bits |= std::uint64_t{1} << at.index % 64;
  }
  return bits;
}

}  // namespace

void Heap::free_remotely(PageEntry entry, unsigned index, const void* block) noexcept {
  RemoteFrees& frees = remote_[entry.number()];
  const unsigned word = index / 64;
  const std::uint64_t bit = std::uint64_t{1} << index % 64;
  std::uint64_t before = frees.bits[word].load(sync::relaxed);
  do {
    if ((before & bit) != 0) stop_bad_free(block, BadFree::twice);
    // release: what was done with the block is done; acquire: the owner has read `next`.
  } while (!frees.bits[word].compare_exchange(before, before | bit, sync::acq_rel));
  if (before != 0) return;  // whoever set the first bit links the word

  sync::atomic<std::uint32_t>& pending = slots_[entry.owner()].pending;
  const std::uint32_t number = pending_number(entry.number(), word);
  std::uint32_t head = pending.load(sync::relaxed);
  do {
    frees.next[word] = head;
  } while (!pending.compare_exchange(head, number, sync::release));
}

void Heap::collect(HeapSlot& slot) noexcept {
  if (slot.pending.load(sync::relaxed) == 0) return;
  // acquire: pairs with the push. Words are pushed singly and taken all at once, so no tag is
  // needed.
  std::uint32_t number = slot.pending.exchange(0, sync::acquire);
  while (number != 0) {
    const std::uint32_t slab_number = number / 4;
    const unsigned word = number % 4;
    Slab& slab = slabs_[slab_number];
    RemoteFrees& frees = remote_[slab_number];
    number = frees.next[word];
    const std::uint64_t freed = frees.bits[word].exchange(0, sync::acq_rel);

    // What cannot be seen from another thread: the block was free, or lies behind the last one.
    const unsigned highest = word * 64 + 63 - static_cast<unsigned>(std::countl_zero(freed));
    const std::uint64_t free = slab.free[word] | kept_in(slot.classes[slab.size_class], slab, word);
    const std::uint64_t wrong = freed & free;
    if (wrong != 0 || highest >= slab.blocks) {
      const unsigned index =
          wrong != 0 ? word * 64 + static_cast<unsigned>(std::countr_zero(wrong)) : highest;
      stop_bad_free(
          page(slab.first_page) + std::uint64_t{index} * kSizeClass[slab.size_class].bytes,
          wrong != 0 ? BadFree::twice : BadFree::no_start);
    }
    slab.free[word] |= freed;
    slab.hint = static_cast<std::uint8_t>(word);
    slab.free_blocks = static_cast<std::uint16_t>(slab.free_blocks + std::popcount(freed));
    if (slab.linked == 0 || slab.free_blocks == slab.blocks) free_changes_list(slot, slab_number);
  }
}

}  // namespace cleave
