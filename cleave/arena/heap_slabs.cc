// Small blocks. A slab's free blocks are bits in its record, not links in the blocks: a free changes a line of
// records and not the page of the block, a fresh slab is not touched, and a block freed twice shows.
// The lowest block of the word last freed into goes out first: hot, and never beyond what was used before.

#include <algorithm>
#include <bit>

#include "cleave/arena/heap.h"
#include "cleave/arena/heap_layout.h"
#include "cleave/arena/heap_visit.h"

namespace cleave {
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

}  // namespace

void* Heap::allocate_small(unsigned size_class) noexcept {
  {
    const Visit visit(*this);
    Slab& slab = slabs_[visit.slot().slabs[size_class]];
    if (slab.free[slab.hint] != 0) [[likely]]
      return take_block(slab);
    if (void* block = refill(visit.number(), size_class)) return block;
  }
  const Pause pause(*this);
  const unsigned number = sync::thread_number();
  reclaim();
  if (void* block = refill(number, size_class)) return block;
  return adopt(number, size_class);
}

// From the word of the hint, which has a bit.
inline void* Heap::take_block(Slab& slab) noexcept {
  std::uint64_t& word = slab.free[slab.hint];
  const unsigned index = slab.hint * 64u + static_cast<unsigned>(std::countr_zero(word));
  word &= word - 1;
  --slab.free_blocks;
  return page(slab.first_page) + std::uint64_t{index} * kSizeClass[slab.size_class].bytes;
}

void* Heap::refill(unsigned number, unsigned size_class) noexcept {
  HeapSlot& slot = slots_[number];
  const auto take_first = [&]() -> void* {
    Slab& slab = slabs_[slot.slabs[size_class]];
    while (slab.free[slab.hint] == 0) slab.hint = (slab.hint + 1u) % 4u;
    return take_block(slab);
  };
  std::uint32_t& first = slot.slabs[size_class];
  if (first != 0 && slabs_[first].free_blocks != 0) return take_first();
  collect(slot);
  while (first != 0 && slabs_[first].free_blocks == 0) unlink(slot, first);
  if (first != 0) return take_first();
  const std::uint32_t made = make_slab(number, size_class);
  if (made == 0) return nullptr;
  link(slot, made);
  return take_first();
}

// As large as there is room for, down to a single block: an almost full heap still serves.
std::uint32_t Heap::make_slab(unsigned number, unsigned size_class) noexcept {
  const SizeClass& of = kSizeClass[size_class];
  const auto most =
      static_cast<std::uint32_t>((std::uint64_t{most_slab_pages_} << kPageBits) / of.bytes);
  const sync::Guard guard(header_->page_lock);
  std::uint32_t pages = 0;
  std::uint32_t first = 0;
  for (std::uint32_t blocks = std::clamp(most, 1u, of.blocks); blocks > 0 && first == 0;
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
  slab = {.free = all_free(blocks),
          .first_page = first,
          .next = 0,
          .previous = 0,
          .free_blocks = static_cast<std::uint16_t>(blocks),
          .blocks = static_cast<std::uint16_t>(blocks),
          .hint = 0,
          .size_class = static_cast<std::uint8_t>(size_class),
          .owner = static_cast<std::uint8_t>(number),
          .linked = false,
          .unused = {}};
  for (std::uint32_t i = 0; i < pages; ++i) {
    entries_[first + i] = {.use = PageEntry::Use::slab,
                           .size_class = slab.size_class,
                           .owner = slab.owner,
                           .in_slab = static_cast<std::uint8_t>(i),
                           .number = made};
  }
  return made;
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

// A free made a slab useful again, or wholly free. One wholly free slab stays, if it is the class's only one: whoever
// frees and allocates in turn would otherwise cut a slab each time.
void Heap::free_changes_list(HeapSlot& slot, std::uint32_t number) noexcept {
  Slab& slab = slabs_[number];
  if (!slab.linked) link(slot, number);
  const bool alone = slot.slabs[slab.size_class] == number && slab.next == 0;
  if (slab.free_blocks < slab.blocks || alone) return;
  unlink(slot, number);
  release_slab(number);
}

// Behind the first: that one is used up before the next is begun.
void Heap::link(HeapSlot& slot, std::uint32_t number) noexcept {
  Slab& slab = slabs_[number];
  std::uint32_t& first = slot.slabs[slab.size_class];
  slab.linked = true;
  slab.previous = first;
  slab.next = first == 0 ? 0 : slabs_[first].next;
  if (slab.next != 0) slabs_[slab.next].previous = number;
  (first == 0 ? first : slabs_[first].next) = number;
}

void Heap::unlink(HeapSlot& slot, std::uint32_t number) noexcept {
  Slab& slab = slabs_[number];
  if (slab.next != 0) slabs_[slab.next].previous = slab.previous;
  (slab.previous == 0 ? slot.slabs[slab.size_class] : slabs_[slab.previous].next) = slab.next;
  slab.linked = false;
}

}  // namespace cleave
