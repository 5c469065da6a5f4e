#include "adapters/program/memory/reserved_heap.h"

#include <sys/mman.h>

#include <utility>

#include "adapters/program/kernel/raw.h"

namespace cleave::program {

// As much as the kernel gives: where address space is limited, half of it, and so on.
Heap* ReservedHeap::make() noexcept {
  constexpr std::size_t kMost = std::size_t{16} << 30;
  constexpr std::size_t kLeast = std::size_t{64} << 20;
  for (std::size_t bytes = kMost; bytes >= kLeast; bytes /= 2) {
    // A page on each side that nobody can use: neighbours that are alike are one to the kernel.
    const long whole = raw::map(nullptr, bytes + 2 * kPageSize, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw::is_error(whole)) continue;
    auto* const at = reinterpret_cast<std::byte*>(whole) + kPageSize;
    if (raw::protect(at, bytes, PROT_READ | PROT_WRITE) != 0) continue;
    auto made = Heap::create({at, bytes});
    if (!made) return nullptr;
    heap_ = new (room_) Heap(std::move(*made));
    return heap_;
  }
  return nullptr;
}

}  // namespace cleave::program
