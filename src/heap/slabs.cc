// Small blocks. A slab's free blocks are bits in its record, not links in the blocks: a free
// changes a line of records and not the page of the block, a fresh slab is not touched, and a block
// freed twice shows. The lowest block of the word last freed into goes out first: hot, and never
// beyond what was used before.

#include <algorithm>
#include <bit>

#include <cleave/heap.h>

#include "heap/layout.h"
#include "heap/misuse.h"
#include "heap/place.h"
#include "heap/usable.h"
#include "heap/visit.h"

namespace cleave {
using namespace detail;
namespace {

std::array<std::uint64_t, kMostBlocks / 64> all_free(std::uint32_t blocks) {
  std::array<std::uint64_t, kMostBlocks / 64> bits{};
  for (std::uint64_t& word : bits) {
    const std::uint32_t here = std::min(blocks, 64u);
    word = here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
    blocks -= here;
  }
  return bits;
}

// A block of a class whose size is a multiple of the alignment lies on one: slabs start on a page.
unsigned aligned_class(std::size_t bytes, std::size_t alignment) {
  unsigned size_class = class_of(bytes);
  while (size_class < kSizeClasses && kSizeClass[size_class].bytes % alignment != 0) ++size_class;
  return size_class;
}

}  // namespace

void* Heap::allocate(ByteCount size, ByteCount alignment) noexcept {
  const std::size_t bytes = size.value;
  const std::size_t boundary = alignment.value;
  if (boundary - 1 < kBlockAlignment) return allocate(size);
  if (!std::has_single_bit(boundary) || bytes > size_ || boundary > size_) return nullptr;
  if (bytes <= kLargestSmall && boundary <= kPageSize) {
    const unsigned size_class = aligned_class(bytes, boundary);
    if (size_class < kSizeClasses) return allocate_small(size_class);
  }
  return allocate_large(bytes, boundary, false);
}

void* Heap::allocate_small(unsigned size_class) noexcept {
  if (!is_usable(*header_, {slots_, shared_slot_ + 1})) return nullptr;
  {
    const Visit visit(*this);
    if (void* block = refill(visit.number(), size_class)) return block;
  }
  const Pause pause(*this);
  const unsigned number = slot_number();
  reclaim();
  if (void* block = refill(number, size_class)) return block;
  return adopt(number, size_class);
}

void Heap::deallocate_slowly(void* block) noexcept {
  if (block == nullptr || !is_usable(*header_, {slots_, shared_slot_ + 1})) return;
  const Visit visit(*this);
  const BlockPlace place = find(block);
  if (place.entry.is_large()) return free_large(place.page);
  if (place.entry.owner() != visit.number()) return free_remotely(place.entry, place.index, block);

  SlotClass& own = visit.slot().classes[place.entry.size_class()];
  const std::uint32_t granule = granule_of(offset_of(block));
  const bool allocated = is_allocated(own, slab_of(place.entry), place.index, granule);
  if (allocated && keep(own, granule)) return;
  if (allocated && visit.slot().last_full != place.entry.class_offset()) {
    make_room(visit.slot(), own);
    if (keep(own, granule)) return;
  }
  put_back(visit.slot(), place, block);
}

// Of the blocks of a class that are kept, as many as may be, those that would go out last go back
// to their slabs, but where a list would change.
void Heap::make_room(HeapSlot& slot, SlotClass& own) noexcept {
  slot.last_full = class_offset(slot, own);
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < kKept; ++i) {
    const std::uint32_t granule = own.kept[i];
    if (i < kMoved) {
      const std::uint64_t offset = std::uint64_t{granule} * kBlockAlignment;
      Slab& slab = slab_of(entries_[offset >> kPageBits]);
      if (put_into(slab, block_in_own_slab(slab, offset).index)) continue;
    }
    own.kept[kept++] = granule;
  }
  own.kept_count = kept;
  std::fill(own.kept.begin() + kept, own.kept.end(), 0);
}

// Into its slab, which this slot owns.
void Heap::put_back(HeapSlot& slot, const BlockPlace& place, const void* block) noexcept {
  Slab& slab = slab_of(place.entry);
  const unsigned word = place.index / 64;
  const std::uint64_t bit = std::uint64_t{1} << place.index % 64;
  if (place.index >= slab.blocks) stop_bad_free(block, BadFree::no_start);
  if ((slab.free[word] & bit) != 0 ||
      keeps(slot.classes[slab.size_class], granule_of(offset_of(block)))) {
    stop_bad_free(block, BadFree::twice);
  }
  slab.free[word] |= bit;
  slab.hint = static_cast<std::uint8_t>(word);
  ++slab.free_blocks;
  free_changes_list(slot, place.entry.number());
}

Heap::BlockPlace Heap::find(const void* block) const noexcept {
  const std::uint64_t offset = offset_of(block);
  if (offset >= size_) stop_bad_free(block, BadFree::foreign);
  const auto page = static_cast<std::uint32_t>(offset >> kPageBits);
  const PageEntry entry = entries_[page];
  BlockAt at{0, false};
  if (entry.is_slab()) at = block_in_slab(entry, offset);
  if (entry.is_large()) at.starts = offset % kPageSize == 0;
  if (!at.starts) stop_bad_free(block, BadFree::no_start);
  return {entry, page, at.index};
}

// From the slabs that are in the list: those without free blocks leave it.
void* Heap::take_listed(HeapSlot& slot, unsigned size_class) noexcept {
  std::uint32_t& first = slot.classes[size_class].slab;
  while (first != 0 && slabs_[first].free_blocks == 0) unlink(slot, first);
  if (first == 0) return nullptr;
  Slab& slab = slabs_[first];
  while (slab.free[slab.hint] == 0) slab.hint = (slab.hint + 1u) % 4u;
  return take_hinted(slot.classes[size_class], slab);
}

void* Heap::refill(unsigned number, unsigned size_class) noexcept {
  HeapSlot& slot = slots_[number];
  SlotClass& own = slot.classes[size_class];
  if (own.kept_count != 0) return take_kept(own, own.kept_count);
  if (Slab& slab = slabs_[own.slab]; slab.free[slab.hint] != 0) return take_hinted(own, slab);
  if (void* block = take_listed(slot, size_class)) return block;
  collect(slot);
  if (void* block = take_listed(slot, size_class)) return block;
  const std::uint32_t made = make_slab(number, size_class);
  if (made == 0) return nullptr;
  link(slot, made);
  return take_listed(slot, size_class);
}

// As large as there is room for, down to a single block: an almost full heap still serves.
std::uint32_t Heap::make_slab(unsigned number, unsigned size_class) noexcept {
  const SizeClass& of = kSizeClass[size_class];
  const auto most =
      static_cast<std::uint32_t>((std::uint64_t{most_slab_pages_} << kPageBits) / of.bytes);
  const sync::Guard guard(header_->page_lock);
  std::uint32_t pages = 0;
  std::uint32_t first = 0;
  for (std::uint32_t blocks = std::clamp(most, 1u, slab_blocks(of)); blocks > 0 && first == 0;
       blocks /= 2) {
    pages = slab_pages(of, blocks);
    first = take_pages(pages, 1);
  }
  if (first == 0) return 0;
  const auto blocks = static_cast<std::uint32_t>(
      std::min<std::uint64_t>((std::uint64_t{pages} << kPageBits) / of.bytes, kMostBlocks));

  std::uint32_t& reused = header_->free_slabs;
  const std::uint32_t made = reused != 0 ? reused : header_->next_slab++;
  Slab& slab = slabs_[made];
  if (reused != 0) reused = slab.next;
  // Zero, unless hostile bytes lie where no record ever was: check() does not look there.
  for (auto& bits : remote_[made].bits) {
    if (bits.load(sync::relaxed) != 0) bits.store(0, sync::relaxed);
  }
  slab = {.free = all_free(blocks),
          .start = first << kPageBits,
          .reciprocal = of.reciprocal,
          .block_bytes = of.bytes,
          .first_page = first,
          .next = 0,
          .previous = 0,
          .free_blocks = static_cast<std::uint16_t>(blocks),
          .blocks = static_cast<std::uint16_t>(blocks),
          .hint = 0,
          .size_class = static_cast<std::uint8_t>(size_class),
          .owner = static_cast<std::uint8_t>(number),
          .linked = 0};
  name_pages(slab, made);
  return made;
}

// Tells every page of a slab what it belongs to.
void Heap::name_pages(const Slab& slab, std::uint32_t number) noexcept {
  const std::uint32_t pages = slab_pages(kSizeClass[slab.size_class], slab.blocks);
  for (std::uint32_t i = 0; i < pages; ++i) {
    entries_[slab.first_page + i] = PageEntry::slab(number, slab.size_class, slab.owner, i);
  }
}

void Heap::release_slab(std::uint32_t number) noexcept {
  Slab& slab = slabs_[number];
  const std::uint32_t pages = slab_pages(kSizeClass[slab.size_class], slab.blocks);
  const sync::Guard guard(header_->page_lock);
  std::fill_n(entries_ + slab.first_page, pages, PageEntry{});
  give_pages(slab.first_page, pages);
  slab.blocks = 0;
  slab.next = header_->free_slabs;
  header_->free_slabs = number;
}

// A free made a slab useful again, or wholly free. One wholly free slab stays, if it is the class's
// only one: whoever frees and allocates in turn would otherwise cut a slab each time.
void Heap::free_changes_list(HeapSlot& slot, std::uint32_t number) noexcept {
  Slab& slab = slabs_[number];
  if (slab.linked == 0) link(slot, number);
  const bool alone = slot.classes[slab.size_class].slab == number && slab.next == 0;
  if (slab.free_blocks < slab.blocks || alone) return;
  unlink(slot, number);
  release_slab(number);
}

// Behind the first: that one is used up before the next is begun.
void Heap::link(HeapSlot& slot, std::uint32_t number) noexcept {
  Slab& slab = slabs_[number];
  std::uint32_t& first = slot.classes[slab.size_class].slab;
  slab.linked = 1;
  slab.previous = first;
  slab.next = first == 0 ? 0 : slabs_[first].next;
  if (slab.next != 0) slabs_[slab.next].previous = number;
  (first == 0 ? first : slabs_[first].next) = number;
}

void Heap::unlink(HeapSlot& slot, std::uint32_t number) noexcept {
  Slab& slab = slabs_[number];
  if (slab.next != 0) slabs_[slab.next].previous = slab.previous;
  (slab.previous == 0 ? slot.classes[slab.size_class].slab : slabs_[slab.previous].next) =
      slab.next;
  slab.linked = 0;
}

}  // namespace cleave
