// Blocks of whole pages, and the pages of slabs. The lowest run that fits is taken, so that blocks
// stay close together and pages changed before are changed again.

#include <algorithm>
#include <cstring>

#include <cleave/heap.h>

#include "heap/layout.h"
#include "heap/usable.h"
#include "heap/visit.h"

namespace cleave {
using namespace detail;
namespace {

// Reading a page is far cheaper than having it rolled back.
void clear_changed_pages(std::byte* from, std::uint32_t pages) {
  for (; pages > 0; --pages, from += kPageSize) {
    const bool zero = from[0] == std::byte{0} && std::memcmp(from, from + 1, kPageSize - 1) == 0;
    if (!zero) std::memset(from, 0, kPageSize);
  }
}

}  // namespace

void* Heap::allocate_large(std::size_t bytes, std::size_t alignment, bool zeroed) noexcept {
  const auto pages = static_cast<std::uint32_t>(
      std::max<std::size_t>(bytes + kPageSize - 1, kPageSize) >> kPageBits);
  if (!is_usable(*header_, {slots_, shared_slot_ + 1})) return nullptr;
  {
    const Visit visit(*this);
    if (void* block = take_large(pages, alignment, zeroed)) return block;
  }
  const Pause pause(*this);
  reclaim();
  return take_large(pages, alignment, zeroed);
}

void* Heap::take_large(std::uint32_t pages, std::size_t alignment, bool zeroed) noexcept {
  std::uint32_t first;
  std::uint32_t fresh;
  {
    const sync::Guard guard(header_->page_lock);
    fresh = header_->fresh_pages;
    first = take_pages(pages, alignment);
    if (first == 0) return nullptr;
    header_->large_pages += pages;
    ++header_->large_blocks;
    entries_[first] = PageEntry::large(pages);
  }
  if (zeroed && first < fresh) clear_changed_pages(page(first), std::min(pages, fresh - first));
  return page(first);
}

void Heap::free_large(std::uint32_t first) noexcept {
  const sync::Guard guard(header_->page_lock);
  const std::uint32_t pages = entries_[first].pages();
  entries_[first] = {};
  header_->large_pages -= pages;
  --header_->large_blocks;
  give_pages(first, pages);
}

// In place: gives back the end, or takes the pages behind it if they are free.
bool Heap::resize_large(std::uint32_t first, std::uint32_t pages) noexcept {
  const sync::Guard guard(header_->page_lock);
  const std::uint32_t before = entries_[first].pages();
  if (pages > before) {
    if (!free_pages().take_at(first + before, pages - before)) return false;
    note_taken(first + before, pages - before);
  } else if (pages < before) {
    give_pages(first + pages, before - pages);
  }
  header_->large_pages += pages - before;
  entries_[first] = PageEntry::large(pages);
  return true;
}

// With the page lock, as all below; a public header cannot name it.
std::uint32_t Heap::take_pages(std::uint32_t pages, std::size_t alignment) noexcept {
  header_->page_lock.assume_held();
  const std::uint64_t base_page = reinterpret_cast<std::uintptr_t>(base_) >> kPageBits;
  const std::uint32_t first =
      alignment <= kPageSize
          ? free_pages().take(pages)
          : free_pages().take_aligned(pages, static_cast<std::uint32_t>(alignment >> kPageBits),
                                      base_page);
  if (first != 0) note_taken(first, pages);
  return first;
}

void Heap::note_taken(std::uint32_t first, std::uint32_t pages) noexcept {
  header_->page_lock.assume_held();
  header_->used_pages += pages;
  header_->peak_pages = std::max(header_->peak_pages, header_->used_pages);
  header_->fresh_pages = std::max(header_->fresh_pages, first + pages);
}

void Heap::give_pages(std::uint32_t first, std::uint32_t pages) noexcept {
  header_->page_lock.assume_held();
  header_->used_pages -= pages;
  free_pages().give(first, pages);
}

}  // namespace cleave
