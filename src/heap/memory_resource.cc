#include <new>

#include <cleave/memory_resource.h>

namespace cleave {

void* HeapResource::do_allocate(std::size_t bytes, std::size_t alignment) {
  void* block = heap_.allocate(bytes, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void HeapResource::do_deallocate(void* block, std::size_t /*bytes*/, std::size_t /*alignment*/) {
  heap_.deallocate(block);
}

bool HeapResource::do_is_equal(const std::pmr::memory_resource& other) const noexcept {
  const auto* same = dynamic_cast<const HeapResource*>(&other);
  return same != nullptr && same->heap_ == heap_;
}

}  // namespace cleave
