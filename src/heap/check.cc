// Looks at everything that a heap knows, and compares what it says twice.

#include <algorithm>
#include <bit>

#include <cleave/heap.h>

#include "heap/layout.h"
#include "heap/place.h"
#include "heap/usable.h"
#include "heap/visit.h"

namespace cleave {
using namespace detail;

// Each step assumes what the ones before it have found right. The bytes may be of any origin:
// nothing in them is an index, a count or the end of a list before it was looked at.
class Heap::Inspection {
 public:
  explicit Inspection(const Heap& heap) noexcept : heap_(heap), header_(*heap.header_) {}

  std::optional<HeapDamage> run() {
    header_.page_lock.assume_held();  // by check()
    header();
    if (!damage_) free_pages();
    if (!damage_) records();
    if (!damage_) pages();
    if (!damage_) lists();
    if (!damage_) pending();
    if (!damage_) kept();
    return damage_;
  }

 private:
  void expect(bool holds, const char* what, const void* where) {
    if (holds || damage_) return;
    damage_ = HeapDamage{
        what, static_cast<std::uint64_t>(static_cast<const std::byte*>(where) - heap_.base_)};
  }
  [[nodiscard]] bool is_record(std::uint32_t number) const CLEAVE_REQUIRES(header_.page_lock) {
    return number > 0 && number < header_.next_slab;
  }

  void header() CLEAVE_REQUIRES(header_.page_lock) {
    expect(header_.magic == kHeapMagic && header_.version == kHeapVersion,
           "the header's mark is gone", &header_);
    expect(std::uint64_t{header_.pages} << kPageBits == heap_.size_,
           "the header tells another size", &header_);
    expect(header_.next_slab >= 1 && header_.next_slab <= header_.pages,
           "impossible number of slabs", &header_);
    expect(header_.fresh_pages >= heap_.first_block_page_ && header_.fresh_pages <= header_.pages,
           "impossible number of pages never handed out", &header_);
    const Slab& none = heap_.slabs_[0];
    expect(none.blocks == 0 && none.reciprocal == 0 && none.start == 0 &&
               none.hint < none.free.size() &&
               std::ranges::all_of(none.free, [](std::uint64_t bits) { return bits == 0; }),
           "the slab that has no blocks has a free one", &none);
  }

  void free_pages() CLEAVE_REQUIRES(header_.page_lock) {
    const FreePages free = heap_.free_pages();
    expect(free.adds_up(), "a summary of free pages is not what the bits say", &heap_.slots_[0]);
    expect(std::uint64_t{header_.used_pages} + free.count_free() + heap_.first_block_page_ ==
               header_.pages,
           "used and free pages are not all pages", &heap_.slots_[0]);
    expect(header_.used_pages <= header_.peak_pages, "more pages in use than ever were", &header_);
    expect(header_.large_pages <= header_.used_pages, "more pages in large blocks than in use",
           &header_);
  }

  void records() CLEAVE_REQUIRES(header_.page_lock) {
    for (std::uint32_t i = 1; i < header_.next_slab && !damage_; ++i) {
      const Slab& slab = heap_.slabs_[i];
      if (slab.blocks != 0) {
        record(slab, heap_.remote_[i]);
      } else {
        expect(std::ranges::all_of(heap_.remote_[i].bits,
                                   [](const auto& bits) { return bits.load(sync::relaxed) == 0; }),
               "a block of a slab that is not in use was freed", &heap_.remote_[i]);
      }
    }
  }
  void record(const Slab& slab, const RemoteFrees& remote) {
    expect(slab.size_class < kSizeClasses && slab.owner <= heap_.shared_slot_ &&
               slab.hint < slab.free.size() && slab.linked <= 1 &&
               slab.blocks <= slab_blocks(kSizeClass[slab.size_class]) &&
               slab.block_bytes == kSizeClass[slab.size_class].bytes &&
               slab.reciprocal == kSizeClass[slab.size_class].reciprocal &&
               slab.start == slab.first_page << kPageBits,
           "a slab's record holds impossible values", &slab);
    if (damage_) return;
    unsigned free = 0;
    for (unsigned word = 0; word < slab.free.size(); ++word) {
      const unsigned here = std::min(64u, slab.blocks - std::min<unsigned>(slab.blocks, word * 64));
      const std::uint64_t blocks = here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
      const std::uint64_t elsewhere = remote.bits[word].load(sync::relaxed);
      free += static_cast<unsigned>(std::popcount(slab.free[word]));
      expect((slab.free[word] & ~blocks) == 0, "a block behind the slab's last one is free", &slab);
      expect((elsewhere & ~blocks) == 0, "a block behind the slab's last one was freed", &remote);
      expect((elsewhere & slab.free[word]) == 0, "a block was freed twice, by different threads",
             &remote);
    }
    expect(free == slab.free_blocks, "a slab's free blocks are not as many as it counts", &slab);
    expect(slab.linked != 0 || free == 0, "a slab with free blocks is in no list", &slab);
  }

  void pages() CLEAVE_REQUIRES(header_.page_lock) {
    std::uint32_t large_pages = 0;
    std::uint32_t large_blocks = 0;
    for (std::uint32_t page = 0; page < heap_.first_block_page_; ++page) {
      expect_unused(page, "one of the heap's own pages is marked as used for blocks");
      expect(!heap_.free_pages().is_free(page), "one of the heap's own pages is free",
             &heap_.entries_[page]);
    }
    for (std::uint32_t page = heap_.first_block_page_; page < header_.pages && !damage_;) {
      const PageEntry& entry = heap_.entries_[page];
      std::uint32_t length = 1;
      if (entry.is_slab()) {
        length = slab_at(page);
      } else if (entry.is_large()) {
        length = large_at(page);
        large_pages += length;
        ++large_blocks;
      } else {
        expect_unused(page, "a page's entry holds impossible values");
        expect(heap_.free_pages().is_free(page), "a page is neither used nor free", &entry);
      }
      expect(entry == PageEntry{} || page + length <= header_.fresh_pages,
             "a page in use counts as never handed out", &entry);
      page += length;
    }
    expect(slab_pages_ + large_pages == header_.used_pages,
           "pages in use are not as many as the header counts", &header_);
    expect(large_pages == header_.large_pages && large_blocks == header_.large_blocks,
           "large blocks are not as many as the header counts", &header_);
  }
  void expect_unused(std::uint32_t page, const char* what) {
    expect(heap_.entries_[page] == PageEntry{}, what, &heap_.entries_[page]);
  }
  std::uint32_t slab_at(std::uint32_t page) CLEAVE_REQUIRES(header_.page_lock) {
    const PageEntry& first = heap_.entries_[page];
    const Slab& slab = heap_.slabs_[first.number()];
    expect(is_record(first.number()) && slab.blocks != 0 && slab.first_page == page,
           "a page names a slab that does not name it", &first);
    if (damage_) return 1;
    const std::uint32_t length = slab_pages(kSizeClass[slab.size_class], slab.blocks);
    expect(length <= header_.pages - page, "a slab is longer than the heap", &first);
    for (std::uint32_t i = 0; i < length && !damage_; ++i) {
      const PageEntry right = PageEntry::slab(first.number(), slab.size_class, slab.owner, i);
      expect(heap_.entries_[page + i] == right, "a slab's page has an entry of something else",
             &heap_.entries_[page + i]);
      expect(!heap_.free_pages().is_free(page + i), "a slab's page is free",
             &heap_.entries_[page + i]);
    }
    ++slabs_;
    slab_pages_ += length;
    return length;
  }
  std::uint32_t large_at(std::uint32_t page) {
    const PageEntry& first = heap_.entries_[page];
    expect(first.pages() > 0 && first.pages() <= header_.pages - page,
           "a large block is longer than the heap", &first);
    if (damage_) return 1;
    for (std::uint32_t i = 0; i < first.pages() && !damage_; ++i) {
      if (i > 0) expect_unused(page + i, "a page inside a large block is used for something else");
      expect(!heap_.free_pages().is_free(page + i), "a large block's page is free",
             &heap_.entries_[page + i]);
    }
    return first.pages();
  }

  void lists() CLEAVE_REQUIRES(header_.page_lock) {
    std::uint32_t unused = 0;
    for (std::uint32_t i = header_.free_slabs; i != 0; i = heap_.slabs_[i].next) {
      expect(is_record(i) && ++unused < header_.next_slab, "the list of unused records is broken",
             &header_);
      if (damage_) return;
      expect(heap_.slabs_[i].blocks == 0, "an unused record is in use", &heap_.slabs_[i]);
    }
    expect(slabs_ + unused + 1 == header_.next_slab, "records are neither used nor unused",
           &header_);
    std::uint32_t linked = 0;
    for (unsigned slot = 0; slot <= heap_.shared_slot_; ++slot) {
      // Not whether it is visited: a thread says so before it finds the heap paused, and goes.
      for (unsigned c = 0; c < kSizeClasses && !damage_; ++c) linked += list(slot, c);
    }
    for (std::uint32_t i = 1; i < header_.next_slab; ++i) {
      if (heap_.slabs_[i].blocks != 0 && heap_.slabs_[i].linked != 0) --linked;
    }
    expect(linked == 0, "slabs in lists are not as many as say so", heap_.slots_);
  }
  std::uint32_t list(unsigned slot, unsigned size_class) CLEAVE_REQUIRES(header_.page_lock) {
    const std::uint32_t* from = &heap_.slots_[slot].classes[size_class].slab;
    std::uint32_t previous = 0;
    std::uint32_t length = 0;
    for (std::uint32_t i = *from; i != 0 && !damage_; i = heap_.slabs_[i].next) {
      expect(is_record(i) && ++length < header_.next_slab, "a list of slabs is broken", from);
      if (damage_) break;
      const Slab& slab = heap_.slabs_[i];
      expect(slab.blocks != 0 && slab.linked != 0 && slab.previous == previous &&
                 slab.owner == slot && slab.size_class == size_class,
             "a slab is in a list where it does not belong", &slab);
      previous = i;
    }
    return length;
  }

  // Every word that holds frees is linked once, to its owner's slot.
  void pending() CLEAVE_REQUIRES(header_.page_lock) {
    std::uint64_t words = 0;
    for (std::uint32_t i = 1; i < header_.next_slab; ++i) {
      for (const auto& bits : heap_.remote_[i].bits) words += bits.load(sync::relaxed) != 0 ? 1 : 0;
    }
    std::uint64_t linked = 0;
    for (unsigned slot = 0; slot <= heap_.shared_slot_; ++slot) {
      std::uint32_t number = heap_.slots_[slot].pending.load(sync::acquire);
      while (number != 0 && !damage_) {
        const std::uint32_t slab = number / 4;
        expect(is_record(slab) && ++linked <= words, "the list of frees by other threads is broken",
               &heap_.slots_[slot].pending);
        if (damage_) return;
        expect(heap_.slabs_[slab].owner == slot &&
                   heap_.remote_[slab].bits[number % 4].load(sync::relaxed) != 0,
               "frees by other threads wait at the wrong slot", &heap_.remote_[slab]);
        number = heap_.remote_[slab].next[number % 4];
      }
    }
    expect(linked == words, "frees by other threads are in no list", heap_.remote_);
  }

  // Blocks that go out next are no others' and free nowhere else.
  void kept() {
    for (unsigned slot = 0; slot <= heap_.shared_slot_; ++slot) {
      for (unsigned c = 0; c < kSizeClasses && !damage_; ++c)
        kept(heap_.slots_[slot].classes[c], slot, c);
    }
  }
  void kept(const SlotClass& own, unsigned slot, unsigned size_class) {
    expect(own.kept_count <= own.kept.size(), "more blocks kept than there is room for", &own);
    for (std::uint32_t i = 0; i < own.kept.size() && !damage_; ++i) {
      const std::uint64_t offset = std::uint64_t{own.kept[i]} * kBlockAlignment;
      expect((offset != 0) == (i < own.kept_count) && offset < heap_.size_,
             "a kept block is in no slab", &own);
      if (offset == 0 || damage_) continue;
      expect(std::count(own.kept.begin(), own.kept.end(), own.kept[i]) == 1,
             "a block is kept twice", &own);
      const PageEntry entry = heap_.entries_[offset >> kPageBits];
      expect(entry.is_slab() && entry.owner() == slot && entry.size_class() == size_class,
             "a kept block is of another kind", &own);
      if (damage_) return;
      const BlockAt at = block_in_slab(entry, offset);
      const Slab& slab = heap_.slabs_[entry.number()];
      expect(at.starts && at.index < slab.blocks, "a kept block is not where one starts", &own);
      expect((slab.free[at.index / 64] >> at.index % 64 & 1) == 0,
             "a kept block is free in its slab too", &own);
      const std::uint64_t elsewhere =
          heap_.remote_[entry.number()].bits[at.index / 64].load(sync::relaxed);
      expect((elsewhere >> at.index % 64 & 1) == 0, "a kept block was freed by another thread too",
             &own);
    }
  }

  const Heap& heap_;
  const HeapHeader& header_;
  std::uint32_t slabs_ = 0;
  std::uint32_t slab_pages_ = 0;
  std::optional<HeapDamage> damage_;
};

std::optional<HeapDamage> Heap::check() const noexcept {
  if (!is_usable(*header_, {slots_, shared_slot_ + 1})) {
    return HeapDamage{"another thread was inside when this process was forked; open() it", 0};
  }
  const Pause pause(*this);
  const sync::Guard guard(header_->page_lock);
  return Inspection(*this).run();
}

HeapStatistics Heap::statistics() const noexcept {
  if (!is_usable(*header_, {slots_, shared_slot_ + 1})) {
    const ByteCount none = 0;
    return {size_, none, none, 0, none, none, none};
  }
  const Pause pause(*this);
  const sync::Guard guard(header_->page_lock);
  std::uint64_t bytes = std::uint64_t{header_->large_pages} << kPageBits;
  std::uint64_t blocks = header_->large_blocks;
  for (std::uint32_t i = 1; i < header_->next_slab; ++i) {
    const Slab& slab = slabs_[i];
    if (slab.blocks == 0) continue;
    std::uint64_t used = slab.blocks - std::uint64_t{slab.free_blocks};
    for (const auto& bits : remote_[i].bits) {
      used -= static_cast<std::uint64_t>(std::popcount(bits.load(sync::relaxed)));
    }
    blocks += used;
    bytes += used * kSizeClass[slab.size_class].bytes;
  }
  for (unsigned i = 0; i <= shared_slot_; ++i) {
    for (unsigned c = 0; c < kSizeClasses; ++c) {
      blocks -= slots_[i].classes[c].kept_count;
      bytes -= std::uint64_t{slots_[i].classes[c].kept_count} * kSizeClass[c].bytes;
    }
  }
  return {.size = size_,
          .own = std::uint64_t{first_block_page_} << kPageBits,
          .in_use = bytes,
          .blocks = blocks,
          .pages = std::uint64_t{header_->used_pages} << kPageBits,
          .peak = std::uint64_t{header_->peak_pages} << kPageBits,
          .largest_free = std::uint64_t{free_pages().longest()} << kPageBits};
}

}  // namespace cleave
