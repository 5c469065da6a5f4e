// The same memory twice: in a space, and in a process as the kernel gives it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <cleave/pool.h>
#include <cleave/space.h>
#include <cleave/units.h>

namespace cleave::bench {

using namespace literals;

/// `mapped` bytes of which every `stride`-th page has been written.
struct Extent {
  ByteCount mapped;
  std::uint64_t stride = 1;

  /// The whole of `mapped`, or as many pages, evenly spread, as leave others room: two sides at a
  /// quarter of what the machine has available.
  static Extent that_fits(ByteCount mapped);

  [[nodiscard]] std::uint64_t pages() const { return mapped.value / kPageSize; }
  [[nodiscard]] std::uint64_t touched_pages() const { return (pages() + stride - 1) / stride; }
  [[nodiscard]] ByteCount touched() const { return touched_pages() * kPageSize; }
  /// Where the n-th touched page lies.
  [[nodiscard]] ByteCount offset(std::uint64_t n) const { return n * stride * kPageSize; }
};

/// A space of one region, in a pool of its own with room for `spare` bytes more.
struct TouchedSpace {
  TouchedSpace(const Extent& wanted, ByteCount spare);

  [[nodiscard]] Address touched_page(std::uint64_t n) const { return base + extent.offset(n); }

  Extent extent;
  Pool pool;
  Space space;
  Address base;
};

/// Private anonymous memory in pages of 4 KiB. Huge pages are declined: they would make fork(2)
/// faster and each first write to a page of them twenty times slower; it is pages of 4 KiB that are
/// compared.
class TouchedHeap {
 public:
  explicit TouchedHeap(const Extent& wanted);
  ~TouchedHeap();
  TouchedHeap(const TouchedHeap&) = delete;
  TouchedHeap& operator=(const TouchedHeap&) = delete;

  [[nodiscard]] std::byte* touched_page(std::uint64_t n) const {
    return base_ + extent.offset(n).value;
  }
  void write(std::uint64_t n, std::uint64_t value) const {
    *reinterpret_cast<volatile std::uint64_t*>(touched_page(n)) = value;
  }

  const Extent extent;

 private:
  std::byte* base_;
};

}  // namespace cleave::bench
