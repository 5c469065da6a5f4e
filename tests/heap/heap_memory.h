// Memory for a heap, and what a test wants to know about it.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/heap.h>
#include <cleave/must.h>
#include <cleave/units.h>

namespace cleave::detail {

/// Zeroes from mmap(2), given back at the end.
class HeapMemory {
 public:
  explicit HeapMemory(std::size_t bytes)
      : bytes_(bytes),
        base_(static_cast<std::byte*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    if (base_ == MAP_FAILED) std::abort();
  }
  ~HeapMemory() { (void)munmap(base_, bytes_); }
  HeapMemory(const HeapMemory&) = delete;
  HeapMemory& operator=(const HeapMemory&) = delete;

  [[nodiscard]] std::span<std::byte> bytes() const { return {base_, bytes_}; }

 private:
  std::size_t bytes_;
  std::byte* base_;
};

/// The content of a heap's memory at one time.
class Saved {
 public:
  explicit Saved(std::span<std::byte> memory) : bytes_(memory.begin(), memory.end()) {}
  void put_back(std::span<std::byte> memory) const {
    std::memcpy(memory.data(), bytes_.data(), bytes_.size());
  }
  /// Numbers of the pages that `memory` holds other bytes in.
  [[nodiscard]] std::vector<std::size_t> pages_that_differ(std::span<std::byte> memory) const {
    std::vector<std::size_t> pages;
    for (std::size_t at = 0; at < bytes_.size(); at += kPageSize) {
      if (std::memcmp(&bytes_[at], &memory[at], kPageSize) != 0) pages.push_back(at / kPageSize);
    }
    return pages;
  }

 private:
  std::vector<std::byte> bytes_;
};

/// A test with a heap, which must be whole when the test ends.
class OnAHeap : public testing::Test {
 protected:
  explicit OnAHeap(std::size_t bytes = std::size_t{16} << 20)
      : memory(bytes), heap(must(Heap::create(memory.bytes()))) {}
  void TearDown() override { expect_whole(); }

  void expect_whole() const {
    const auto damage = heap.check();
    EXPECT_FALSE(damage.has_value()) << damage->what << ", at byte " << damage->where;
  }
  void expect_empty() const {
    expect_whole();
    EXPECT_EQ(heap.statistics().blocks, 0u);
    EXPECT_EQ(heap.statistics().in_use, ByteCount{0});
  }

  HeapMemory memory;
  Heap heap;
};

inline bool is_filled(const void* block, std::size_t bytes, int value) {
  const auto* at = static_cast<const unsigned char*>(block);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (at[i] != static_cast<unsigned char>(value)) return false;
  }
  return true;
}

inline bool is_aligned(const void* block, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

}  // namespace cleave::detail
