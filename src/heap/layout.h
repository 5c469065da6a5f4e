// What a heap keeps in its own first pages. All of it is numbers that count from the start of the
// range: no pointers, so that a copy of the range is a heap too. Zero bytes are a valid beginning
// of everything but the header, and what was never used is never written.
//
//   header | slots | free pages | page entries | slabs | remote frees | blocks ...
//
// The header and the first slots share a page: a program of one thread changes that one, the pages
// of its slabs' records (64 slabs in each), and now and then one of the free pages and one of the
// entries.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/units.h>

#include "heap/pages/free_pages.h"
#include "heap/size_class.h"
#include "sync/mutex.h"
#include "sync/thread_number.h"

namespace cleave::detail {

inline constexpr std::uint64_t kHeapMagic = 0x7061'6568'6576'6c63u;  // "clveheap"
inline constexpr std::uint32_t kHeapVersion = 4;

struct HeapHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t pages;
  /// 1 while one thread has stopped all others; written under `pause`, read on the way into each
  /// operation.
  sync::atomic<std::uint32_t> paused;
  /// The number of the process that may use the heap. Written by who makes or opens it, and by the
  /// first thread of a child of fork(2) that finds it at rest (release); read on every way but the
  /// shortest (acquire).
  sync::atomic<std::uint64_t> process;

  /// Guards the free pages, the records of slabs that are not in use, and what names it. A leaf.
  alignas(64) sync::mutex page_lock;
  std::uint32_t free_slabs
      CLEAVE_GUARDED_BY(page_lock);  ///< the first record that can be used again; 0: none
  std::uint32_t next_slab CLEAVE_GUARDED_BY(page_lock);  ///< records from here on were never used
  std::uint32_t fresh_pages
      CLEAVE_GUARDED_BY(page_lock);  ///< pages from here on were never handed out: still zeroes
  std::uint32_t used_pages CLEAVE_GUARDED_BY(page_lock);
  std::uint32_t peak_pages CLEAVE_GUARDED_BY(page_lock);
  std::uint32_t large_pages CLEAVE_GUARDED_BY(page_lock);
  std::uint32_t large_blocks CLEAVE_GUARDED_BY(page_lock);

  /// Taken before `page_lock`, by threads that are inside no slot.
  alignas(64) sync::mutex pause;
  /// Taken before all others, by threads that use the shared slot.
  sync::mutex shared_slot;
};

/// Blocks of a size that a slot keeps at most.
inline constexpr unsigned kKept = 8;
/// How many more are taken from a slab with the one that is asked for, and how many go back to
/// theirs to make room. So a program that allocates and frees many sizes by turns is soon away from
/// where none or all are kept: there, whether a block is kept is hard to foresee, and each time
/// that the processor is wrong costs it as much as half of the call.
inline constexpr unsigned kMoved = 4;
static_assert(0 < kMoved && kMoved <= kKept);

/// One size class in a slot.
struct SlotClass {
  /// The first of its linked slabs: the one that blocks come from. 0: none.
  std::uint32_t slab;
  std::uint32_t kept_count;
  /// Blocks that go out next, the last first: those freed last, or some taken from their slab
  /// ahead, as offsets in granules of 16 bytes; 0 where there is none. Their slabs count them as
  /// allocated. This is what makes a block that was just freed the next one out.
  std::array<std::uint32_t, kKept> kept;
};

/// From one class of a slot to the next. So a class is named by its offset in the slot, where no
/// multiplication is to find it.
inline constexpr std::uint32_t kClassStride = sizeof(SlotClass);
static_assert((kSizeClasses - 1) * kClassStride <= 0xffff, "as PageEntry has it");

namespace size_classes {
constexpr auto class_offset_by_granule() {
  std::array<std::uint16_t, kClassByGranule.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<std::uint16_t>(kClassByGranule[i] * kClassStride);
  }
  return all;
}
inline constexpr auto kClassOffsetByGranule = class_offset_by_granule();
}  // namespace size_classes

/// Bytes from the first size class of a slot to the smallest whose blocks hold `bytes`, which is at
/// most kMostLookedUp: what a short request needs to know, looked up as one.
constexpr std::uint32_t class_offset_of_short(std::size_t bytes) {
  return size_classes::kClassOffsetByGranule[(bytes + kBlockAlignment - 1) / kBlockAlignment];
}

/// One thread's part of the heap. Only that thread is in it, or whoever has paused the heap.
struct alignas(64) HeapSlot {
  std::array<SlotClass, kSizeClasses> classes;
  /// 1 while the owner is inside. Owner: store relaxed and a light fence; release on leaving. The
  /// pausing thread: heavy fence, then waits for 0 (acquire).
  sync::atomic<std::uint32_t> inside;
  /// The owner's: bytes to the class of the last block that found as many kept as may be; at first
  /// to the smallest. The next such block of the same class goes to its slab, as one of many that
  /// are freed in a row.
  std::uint32_t last_full;
  /// Words of RemoteFrees that hold frees, linked through their `next`; 0: none. Pushed by others
  /// (release), emptied by the owner (acquire). Others write to it while the owner works, so it has
  /// a line to itself.
  alignas(64) sync::atomic<std::uint32_t> pending;
  /// So that a slot is found by a shift.
  alignas(64) std::array<std::byte, sync::kExplored ? 1 : 320> unused;
};
static_assert(sync::kExplored || sizeof(HeapSlot) == 2048);
static_assert(offsetof(HeapSlot, classes) == 0);

/// The record of a slab: pages cut into blocks of one class. One line, bits and all, and what a
/// free needs to know of the class, so that it looks nowhere else.
struct alignas(64) Slab {
  std::array<std::uint64_t, kMostBlocks / 64> free;  ///< a bit a block
  std::uint32_t start;       ///< of the first page, in bytes from the heap's start: the low 32 bits
  std::uint32_t reciprocal;  ///< of its class
  std::uint32_t block_bytes;
  std::uint32_t first_page;
  std::uint32_t next;  ///< in its class's list, or among the records not in use
  std::uint32_t previous;
  std::uint16_t free_blocks;
  std::uint16_t blocks;  ///< 0: the record is not in use
  std::uint8_t hint;     ///< the word to look at first: where a block was freed last
  std::uint8_t size_class;
  std::uint8_t owner;
  /// 1: it is in its class's list. A slab without free blocks leaves the list when the next block
  /// is asked of it, and comes back with the first free. No bool: any byte may be found here.
  std::uint8_t linked;
};

/// Blocks of a slab that others than its owner have freed, until the owner takes note. Who sets the
/// first bit in a word links the word to the owner's `pending`; the owner takes the bits of linked
/// words only. So a slab with a bit here is not wholly free and goes nowhere.
struct alignas(64) RemoteFrees {
  std::array<sync::atomic<std::uint64_t>, kMostBlocks / 64> bits;  // set acq_rel, taken acq_rel
  std::array<std::uint32_t, kMostBlocks / 64> next;                // written by who linked the word
};

/// What a page is used for: all that a free needs to know that is not its owner's, unchanged while
/// the block lives. One word, so that it is loaded once and taken apart in registers, each part
/// that an owner's free needs by one or two instructions. Zero: free, the heap's own, or inside a
/// large block.
///
///     38 to 63: the slab, so that 32 to 63 are bytes to its record; or 32 to 63: a large block's
///     pages | 16 to 31: bytes to its SlotClass | 8 to 15: page of the slab | 0 to 7: the owner, or
///     kLarge
///
/// Slab 0 is none, and its record holds no blocks. So a free looks at the owner alone, and finds of
/// a zero entry, slab 0's and slot 0's by the look of it, that no block starts there.
class PageEntry {
 public:
  constexpr PageEntry() = default;
  /// The page `in_slab` of slab `number`.
  static constexpr PageEntry slab(std::uint32_t number, unsigned size_class, unsigned owner,
                                  unsigned in_slab) {
    return PageEntry(std::uint64_t{number} << kNumber | std::uint64_t{in_slab} << kInSlab |
                     std::uint64_t{size_class} * kClassStride << kClass | owner);
  }
  /// The first page of a block of so many.
  static constexpr PageEntry large(std::uint32_t pages) {
    return PageEntry(std::uint64_t{pages} << kUpper | kLarge);
  }
  [[nodiscard]] constexpr bool is_slab() const { return !is_large() && number() != 0; }
  [[nodiscard]] constexpr bool is_large() const { return owner() == kLarge; }

  /// For a slab.
  [[nodiscard]] constexpr unsigned owner() const { return word_ & 0xff; }
  /// By a single instruction, of a number that is below the number of slots.
  [[nodiscard]] constexpr bool is_of(std::uint64_t number) const {
    return static_cast<std::uint8_t>(word_) == static_cast<std::uint8_t>(number);
  }
  [[nodiscard]] constexpr unsigned size_class() const { return class_offset() / kClassStride; }
  /// Bytes from the first size class of a slot to this one.
  [[nodiscard]] constexpr std::uint32_t class_offset() const {
    return static_cast<std::uint32_t>(word_) >> kClass;
  }
  /// Bytes from the start of the slab to the start of the page.
  [[nodiscard]] constexpr std::uint32_t in_slab() const {
    return static_cast<std::uint32_t>(word_ >> kInSlab & 0xff) << kPageBits;
  }
  [[nodiscard]] constexpr std::uint32_t number() const {
    return static_cast<std::uint32_t>(word_ >> kNumber);
  }
  /// Bytes from the first slab's record to this one's.
  [[nodiscard]] constexpr std::uint64_t record() const { return word_ >> kUpper; }
  [[nodiscard]] constexpr std::uint32_t pages() const {
    return static_cast<std::uint32_t>(word_ >> kUpper);
  }
  friend constexpr bool operator==(const PageEntry&, const PageEntry&) = default;

 private:
  static constexpr unsigned kLarge = 0xff;
  static constexpr unsigned kClass = 16;
  static constexpr unsigned kInSlab = 8;
  static constexpr unsigned kUpper = 32;
  static constexpr unsigned kNumber = kUpper + 6;
  static_assert(sizeof(Slab) == 1u << (kNumber - kUpper));
  explicit constexpr PageEntry(std::uint64_t word) : word_(word) {}

  std::uint64_t word_ = 0;
};
static_assert(sync::kThreadNumbers < 0xff);

/// Where the parts of a heap of so many pages lie, in bytes from its start.
struct HeapLayout {
  /// Threads whose number is below this have that slot to themselves; all others share one more.
  std::uint32_t own_slots;
  std::uint64_t slots;
  std::uint64_t free_pages;
  std::uint64_t entries;
  std::uint64_t slabs;
  std::uint64_t remote;
  std::uint32_t first_block_page;

  static constexpr std::uint64_t up(std::uint64_t n, std::uint64_t to) {
    return (n + to - 1) & ~(to - 1);
  }
  static HeapLayout of(std::uint32_t pages) noexcept {
    HeapLayout at{};
    at.own_slots = std::clamp(pages / 64, 4u, sync::kThreadNumbers);
    at.slots = up(sizeof(HeapHeader), alignof(HeapSlot));
    at.free_pages = at.slots + (at.own_slots + 1) * sizeof(HeapSlot);
    at.entries = up(at.free_pages + FreePages::bytes_for(pages), alignof(PageEntry));
    at.slabs = up(at.entries + std::uint64_t{pages} * sizeof(PageEntry), 64);
    at.remote = up(at.slabs + std::uint64_t{pages} * sizeof(Slab), 64);
    at.first_block_page = static_cast<std::uint32_t>(
        up(at.remote + std::uint64_t{pages} * sizeof(RemoteFrees), kPageSize) >> kPageBits);
    return at;
  }
};

static_assert(sizeof(Slab) == 64);
static_assert(sizeof(PageEntry) == 8);
static_assert(sync::kExplored || sizeof(RemoteFrees) == 64);

/// Every word of a slab's remote frees has a number for `HeapSlot::pending`.
constexpr std::uint32_t pending_number(std::uint32_t slab, unsigned word) {
  return slab * 4 + word;
}

}  // namespace cleave::detail
