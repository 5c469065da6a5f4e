// Containers of the standard library in a heap.
#pragma once

#include <memory_resource>

#include <cleave/detail/config.h>
#include <cleave/heap.h>

namespace cleave {

/// A memory resource on a heap. Throws std::bad_alloc where the heap has no room, as its contract
/// says; equal to every other resource on the same heap. Containers keep a pointer to the resource,
/// not to the heap: one that lives in memory that is rolled back needs its resource at the same
/// address for as long.
class CLEAVE_API HeapResource final : public std::pmr::memory_resource {
 public:
  /// Allocates from `heap`, whose memory must outlive what is allocated.
  explicit HeapResource(Heap heap) noexcept : heap_(heap) {}
  /// The heap that it allocates from.
  [[nodiscard]] Heap heap() const noexcept { return heap_; }

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;

  Heap heap_;
};

}  // namespace cleave
