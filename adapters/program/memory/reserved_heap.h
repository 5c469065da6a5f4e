// A heap in address space that is reserved at its first use, before any constructor has run.
#pragma once

#include <cstddef>
#include <new>
#include <span>

#include <cleave/heap.h>

namespace cleave::program {

/// Has no constructor and no destructor that do anything: the loader allocates before the first and
/// after the last.
class ReservedHeap {
 public:
  /// nullptr: there is no room.
  [[nodiscard]] Heap* get() noexcept { return heap_ != nullptr ? heap_ : make(); }
  [[nodiscard]] Heap* if_made() const noexcept { return heap_; }
  [[nodiscard]] bool contains(const void* at) const noexcept {
    return heap_ != nullptr && heap_->contains(at);
  }
  [[nodiscard]] std::span<std::byte> memory() const noexcept {
    return heap_ == nullptr ? std::span<std::byte>() : heap_->memory();
  }

 private:
  Heap* make() noexcept;

  Heap* heap_ = nullptr;
  alignas(Heap) std::byte room_[sizeof(Heap)] = {};
};

}  // namespace cleave::program
