// The allocator of an arena: all that it knows lies in the memory that it hands out. When that
// memory is rolled back, the heap is as it was: blocks allocated since are free, blocks freed since
// are allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/units.h>

namespace cleave {

namespace detail {
class FreePages;
class PageEntry;
struct HeapHeader;
struct HeapSlot;
struct RemoteFrees;
struct Slab;
struct SlotClass;
}  // namespace detail

/// What a heap holds at one moment.
struct HeapStatistics {
  ByteCount size;          ///< of the whole range
  ByteCount own;           ///< kept for the heap's records; mostly never touched
  ByteCount in_use;        ///< in allocated blocks, as rounded up
  std::uint64_t blocks;    ///< allocated
  ByteCount pages;         ///< in blocks' pages: in use, or free in a slab
  ByteCount peak;          ///< the most that `pages` has been
  ByteCount largest_free;  ///< the longest run of free pages
};

/// What is wrong with a heap: see check().
struct HeapDamage {
  const char* what;     ///< static text
  std::uint64_t where;  ///< bytes from the start of the heap
};

/// A handle for a heap in memory; copies mean the same heap. The memory is the caller's, and stays
/// so.
///
/// Any thread may call anything at any time. Threads have slots in the heap, by their number: 63 at
/// once, fewer in heaps below 16 MiB (4 at 1 MiB). With a slot to itself a thread takes no lock but
/// for whole slabs and large blocks; further threads share one slot and its lock.
///
/// **Rollback.** Whoever copies the memory or puts an older content back does so while no thread is
/// inside a call on the heap. Then every lock in the memory is free, in every copy, and nothing
/// about the heap is kept elsewhere: handles stay good. The same calls by the same threads give the
/// same addresses again.
///
/// **fork(2).** A child that has the memory (an arena's is not there) goes on with the heap if no
/// other thread was inside a call at that moment. Otherwise allocations give nullptr and frees do
/// nothing, but for what its one thread has at hand, until open() makes another handle; then call
/// check() first.
///
/// **What is noticed.** A block freed twice, an address that is no block's start, memory of others:
/// each stops the program with a message that names the address. Not noticed: a block freed again
/// after it was handed out again. A block that its slab's owner and another thread both free is
/// noticed when the owner takes note of the other's free, unless the block was handed out again by
/// then. A write beyond a block hits the next block, never the heap's records.
class CLEAVE_API Heap {
 public:
  /// The shortest memory that a heap can be made in: 1 MiB.
  static constexpr ByteCount kSmallest{std::uint64_t{1} << 20};
  /// The longest: 64 GiB.
  static constexpr ByteCount kLargest{std::uint64_t{64} << 30};

  /// Makes an empty heap in `memory`, which must be zeroes: whole pages on a page's boundary.
  /// Writes to the first few pages only. Records take 3.3 % of a large range and 4.7 % of the
  /// smallest, but hardly any of it is touched. Error: bad_argument (null, misaligned, below 1 MiB,
  /// above 64 GiB, or the first page is not zeroes).
  static Result<Heap> create(std::span<std::byte> memory);

  /// Another handle for the heap in `memory`: in a new process, or after fork(2). No other thread
  /// may be using it. Makes all locks free. Looks at the header alone: call check() before anything
  /// else where the bytes may be damaged. Error: bad_argument (no heap, one of another version or
  /// size; nothing was written).
  static Result<Heap> open(std::span<std::byte> memory);

  /// At least `size` bytes (0 counts as 1) on a multiple of `alignment`, a power of two. nullptr
  /// if there is no room, or the alignment is none (1 to 15 are not looked at) or exceeds the
  /// range. Before it gives up it pauses the heap for some microseconds, collects what all threads
  /// have freed, and takes over other threads' free blocks of the size. Cost: a few nanoseconds up
  /// to 32 KiB; above, whole pages: the lowest run that fits, O(log n).
  [[nodiscard]] void* allocate(ByteCount size, ByteCount alignment) noexcept;
  /// The same on a multiple of 16.
  [[nodiscard]] void* allocate(ByteCount size) noexcept;

  /// The same, all zeroes. Pages never handed out before are zeroes already and stay untouched.
  [[nodiscard]] void* allocate_zeroed(ByteCount size, ByteCount alignment = 16) noexcept;

  /// Frees what allocate() gave; any thread. nullptr: nothing. Writes to the heap's records only,
  /// never to the block.
  void deallocate(void* block) noexcept;

  /// A block of at least `size` bytes with the same content, as far as it fits: `block` itself
  /// where it can be. nullptr: no room, and `block` is as it was. A null `block` is an allocation.
  /// Large blocks grow in place if the pages behind them are free. The result is aligned to 16, or
  /// more if it stayed in place.
  [[nodiscard]] void* reallocate(void* block, ByteCount size) noexcept;

  /// The bytes that may be used, at least as many as were asked for. nullptr: 0.
  [[nodiscard]] ByteCount usable_size(const void* block) const noexcept;

  /// Whether `address` lies in the heap's range.
  [[nodiscard]] bool contains(const void* address) const noexcept;
  /// The range that it was made in.
  [[nodiscard]] std::span<std::byte> memory() const noexcept { return {base_, size_}; }

  /// Pauses the heap. Cost: by the slabs there are.
  [[nodiscard]] HeapStatistics statistics() const noexcept;

  /// Pauses the heap and looks at everything: nothing if it is whole, else the first damage. Cost:
  /// by the pages in use, and a little by those of the range. Whatever bytes there are, it reads
  /// those of the range only and comes to an end; what it finds whole can be used.
  [[nodiscard]] std::optional<HeapDamage> check() const noexcept;

  /// Whether both are handles for the same heap.
  friend bool operator==(const Heap& a, const Heap& b) noexcept { return a.base_ == b.base_; }

 private:
  class Visit;
  class Pause;
  class Inspection;
  struct BlockPlace;

  CLEAVE_HIDDEN Heap(std::byte* base, std::uint32_t pages) noexcept;

  // The common case (blocks.cc): a block of the caller's own slot.
  CLEAVE_HIDDEN void* take_kept(detail::SlotClass& own, std::uint32_t kept) const noexcept;
  CLEAVE_HIDDEN void* take_hinted(detail::SlotClass& own, detail::Slab& slab) const noexcept;
  CLEAVE_HIDDEN void* allocate_from_slab(detail::HeapSlot& slot, detail::SlotClass& own) noexcept;
  CLEAVE_HIDDEN void* allocate_from_list(detail::HeapSlot& slot, detail::SlotClass& own) noexcept;
  CLEAVE_HIDDEN void free_beyond_kept(void* block, detail::HeapSlot& slot, detail::SlotClass& own,
                                      detail::Slab& slab, unsigned index) noexcept;
  CLEAVE_HIDDEN void free_and_make_room(void* block, detail::HeapSlot& slot, detail::SlotClass& own,
                                        detail::Slab& slab, unsigned index) noexcept;
  CLEAVE_HIDDEN void free_of_another(void* block, detail::HeapSlot& slot,
                                     detail::PageEntry entry) noexcept;

  // Any case (slabs.cc).
  CLEAVE_HIDDEN void* allocate_small(unsigned size_class) noexcept;
  CLEAVE_HIDDEN void deallocate_slowly(void* block) noexcept;
  CLEAVE_HIDDEN void* take_listed(detail::HeapSlot& slot, unsigned size_class) noexcept;
  CLEAVE_HIDDEN void* refill(unsigned number, unsigned size_class) noexcept;
  CLEAVE_HIDDEN std::uint32_t make_slab(unsigned number, unsigned size_class) noexcept;
  CLEAVE_HIDDEN void make_room(detail::HeapSlot& slot, detail::SlotClass& own) noexcept;
  CLEAVE_HIDDEN void put_back(detail::HeapSlot& slot, const BlockPlace& place,
                              const void* block) noexcept;
  CLEAVE_HIDDEN void free_changes_list(detail::HeapSlot& slot, std::uint32_t number) noexcept;
  CLEAVE_HIDDEN void link(detail::HeapSlot& slot, std::uint32_t number) noexcept;
  CLEAVE_HIDDEN void unlink(detail::HeapSlot& slot, std::uint32_t number) noexcept;
  CLEAVE_HIDDEN void name_pages(const detail::Slab& slab, std::uint32_t number) noexcept;
  CLEAVE_HIDDEN void release_slab(std::uint32_t number) noexcept;

  // Frees by others than the owner (remote.cc).
  CLEAVE_HIDDEN void free_remotely(detail::PageEntry entry, unsigned index,
                                   const void* block) noexcept;
  CLEAVE_HIDDEN void collect(detail::HeapSlot& slot) noexcept;

  // Before giving up (reclaim.cc); the heap is paused.
  CLEAVE_HIDDEN void reclaim() noexcept;
  CLEAVE_HIDDEN void put_kept_back(detail::HeapSlot& slot) noexcept;
  CLEAVE_HIDDEN void* adopt(unsigned number, unsigned size_class) noexcept;

  // Whole pages (large.cc).
  CLEAVE_HIDDEN void* allocate_large(std::size_t bytes, std::size_t alignment,
                                     bool zeroed) noexcept;
  CLEAVE_HIDDEN void* take_large(std::uint32_t pages, std::size_t alignment, bool zeroed) noexcept;
  CLEAVE_HIDDEN void free_large(std::uint32_t first) noexcept;
  CLEAVE_HIDDEN bool resize_large(std::uint32_t first, std::uint32_t pages) noexcept;
  CLEAVE_HIDDEN std::uint32_t take_pages(std::uint32_t pages, std::size_t alignment) noexcept;
  CLEAVE_HIDDEN void give_pages(std::uint32_t first, std::uint32_t pages) noexcept;
  CLEAVE_HIDDEN void note_taken(std::uint32_t first, std::uint32_t pages) noexcept;

  /// At least `size_` for addresses that are not in the heap.
  [[nodiscard]] std::uint64_t offset_of(const void* block) const noexcept {
    return reinterpret_cast<std::uintptr_t>(block) - reinterpret_cast<std::uintptr_t>(base_);
  }
  [[nodiscard]] CLEAVE_HIDDEN detail::FreePages free_pages() const noexcept;
  [[nodiscard]] CLEAVE_HIDDEN unsigned slot_number() const noexcept;
  [[nodiscard]] CLEAVE_HIDDEN detail::Slab& slab_of(detail::PageEntry entry) const noexcept;
  [[nodiscard]] CLEAVE_HIDDEN BlockPlace find(const void* block) const noexcept;
  [[nodiscard]] CLEAVE_HIDDEN std::size_t size_at(const void* block) const noexcept;
  [[nodiscard]] std::byte* page(std::uint32_t number) const noexcept {
    return base_ + (std::uint64_t{number} << kPageBits);
  }

  // What follows from the base and the size; the heap's state is in the memory alone.
  std::byte* base_;
  std::uint64_t size_;
  detail::HeapHeader* header_;
  detail::HeapSlot* slots_;
  detail::PageEntry* entries_;
  detail::Slab* slabs_;
  detail::RemoteFrees* remote_;
  std::byte* free_pages_;      // of detail::FreePages
  std::uint32_t shared_slot_;  // the last one
  std::uint32_t light_slots_;  // those below are entered by a fence that costs nothing; or none is
  std::uint32_t first_block_page_;
  std::uint32_t most_slab_pages_;
};

}  // namespace cleave
