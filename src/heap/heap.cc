#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>

#include <cleave/heap.h>

#include "base/fail.h"
#include "heap/layout.h"
#include "heap/place.h"
#include "heap/usable.h"
#include "heap/visit.h"

namespace cleave {
using namespace detail;
namespace {

Result<std::uint32_t> pages_of(std::span<std::byte> memory) {
  const auto base = reinterpret_cast<std::uintptr_t>(memory.data());
  if (memory.data() == nullptr) {
    return fail(Errc::bad_argument, "a heap needs memory, and this is a null pointer");
  }
  if (memory.size() > std::numeric_limits<std::uintptr_t>::max() - base) {
    return fail(Errc::bad_argument,
                "a heap's memory cannot reach around the end of the address space", Address{base});
  }
  if (base % kPageSize != 0 || memory.size() % kPageSize != 0) {
    return fail(Errc::bad_argument, "a heap's memory is whole pages of 4 KiB; align it",
                Address{base});
  }
  if (memory.size() < Heap::kSmallest.value || memory.size() > Heap::kLargest.value) {
    return fail(Errc::bad_argument, "a heap's memory is 1 MiB to 64 GiB", Address{base});
  }
  return static_cast<std::uint32_t>(memory.size() >> kPageBits);
}

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

Heap::Heap(std::byte* base, std::uint32_t pages) noexcept
    : base_(base), size_(std::uint64_t{pages} << kPageBits) {
  const HeapLayout at = HeapLayout::of(pages);
  header_ = reinterpret_cast<HeapHeader*>(base);
  slots_ = reinterpret_cast<HeapSlot*>(base + at.slots);
  entries_ = reinterpret_cast<PageEntry*>(base + at.entries);
  slabs_ = reinterpret_cast<Slab*>(base + at.slabs);
  remote_ = reinterpret_cast<RemoteFrees*>(base + at.remote);
  free_pages_ = base + at.free_pages;
  shared_slot_ = at.own_slots;
  light_slots_ = sync::has_asymmetric_fences() ? at.own_slots : 0;
  first_block_page_ = at.first_block_page;
  // In a small heap, one slab of each size must not be most of it.
  most_slab_pages_ = std::clamp(pages / 256, 4u, 64u);
}

Result<Heap> Heap::create(std::span<std::byte> memory) {
  const auto pages = pages_of(memory);
  if (!pages) return tl::unexpected(pages.error());
  if (!is_zero(memory.first(kPageSize))) {
    return fail(
        Errc::bad_argument,
        "a new heap's memory must be zeroes, as mmap(2) gives it; open() attaches to an old heap",
        Address{reinterpret_cast<std::uintptr_t>(memory.data())});
  }
  Heap heap(memory.data(), *pages);
  auto* header = new (heap.header_) HeapHeader{};
  header->page_lock.assume_held();  // no other thread knows the heap yet
  header->version = kHeapVersion;
  header->pages = *pages;
  header->process.store(sync::Process::current().number(), sync::release);
  header->next_slab = 1;  // number 0 is the slab that never has a free block
  header->fresh_pages = heap.first_block_page_;
  heap.free_pages().give(heap.first_block_page_, *pages - heap.first_block_page_);
  header->magic = kHeapMagic;
  return heap;
}

Result<Heap> Heap::open(std::span<std::byte> memory) {
  const auto pages = pages_of(memory);
  if (!pages) return tl::unexpected(pages.error());
  Heap heap(memory.data(), *pages);
  HeapHeader& header = *heap.header_;
  const Address where{reinterpret_cast<std::uintptr_t>(memory.data())};
  if (header.magic != kHeapMagic)
    return fail(Errc::bad_argument, "the memory holds no heap; create() makes one", where);
  if (header.version != kHeapVersion) {
    return fail(Errc::bad_argument, "the heap is of another version of the library", where);
  }
  if (header.pages != *pages) {
    return fail(Errc::bad_argument, "the heap was made for a range of another size", where);
  }
  new (&header.page_lock) sync::mutex;
  new (&header.pause) sync::mutex;
  new (&header.shared_slot) sync::mutex;
  header.paused.store(0, sync::relaxed);
  header.process.store(sync::Process::current().number(), sync::release);
  // Most were never used; do not write to their pages.
  for (unsigned i = 0; i <= heap.shared_slot_; ++i) {
    if (heap.slots_[i].inside.load(sync::relaxed) != 0)
      heap.slots_[i].inside.store(0, sync::relaxed);
  }
  return heap;
}

void* Heap::allocate_zeroed(ByteCount size, ByteCount alignment) noexcept {
  const std::size_t bytes = size.value;
  const std::size_t boundary = alignment.value;
  if (bytes > kLargestSmall && bytes <= size_ && std::has_single_bit(boundary) &&
      boundary <= size_) {
    return allocate_large(bytes, boundary, true);
  }
  void* block = allocate(size, alignment);
  if (block != nullptr) std::memset(block, 0, bytes);
  return block;
}

void* Heap::reallocate(void* block, ByteCount size) noexcept {
  const std::size_t bytes = size.value;
  if (block == nullptr) return allocate(bytes);
  if (!is_usable(*header_, {slots_, shared_slot_ + 1})) return nullptr;
  std::size_t usable;
  {
    const Visit visit(*this);
    usable = size_at(block);
    // A block that shrinks by less than half stays, so that sizes that waver do not copy each time.
    if (usable <= kLargestSmall && bytes <= usable && bytes >= usable / 2) return block;
    const BlockPlace place = find(block);
    if (place.entry.is_large() && bytes > kLargestSmall && bytes <= size_ &&
        resize_large(place.page,
                     static_cast<std::uint32_t>((bytes + kPageSize - 1) >> kPageBits))) {
      return block;
    }
  }
  void* moved = allocate(bytes);
  if (moved == nullptr) return bytes <= usable ? block : nullptr;
  std::memcpy(moved, block, std::min(bytes, usable));
  deallocate(block);
  return moved;
}

ByteCount Heap::usable_size(const void* block) const noexcept {
  if (block == nullptr) return 0;
  if (!is_usable(*header_, {slots_, shared_slot_ + 1})) return size_at(block);
  const Visit visit(*this);
  return size_at(block);
}

FreePages Heap::free_pages() const noexcept {
  return {free_pages_, static_cast<std::uint32_t>(size_ >> kPageBits)};
}

std::size_t Heap::size_at(const void* block) const noexcept {
  const BlockPlace place = find(block);
  return place.entry.is_large() ? std::size_t{place.entry.pages()} << kPageBits
                                : kSizeClass[place.entry.size_class()].bytes;
}

bool Heap::contains(const void* address) const noexcept {
  return static_cast<std::uint64_t>(static_cast<const std::byte*>(address) - base_) < size_;
}

}  // namespace cleave
