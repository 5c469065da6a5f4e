// Places for arenas that lie side by side.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/units.h>

#include "tests/support/far_below.h"

namespace cleave::detail {

/// Address space for so many of one size. A place is free from when it is asked for, for whoever
/// asks for that one.
class Neighbours {
 public:
  Neighbours(std::size_t count, ByteCount size)
      : size_(size.value),
        reserved_(count, true),
        first_(static_cast<std::byte*>(mmap(far_below(), count * size_, PROT_NONE,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {}
  ~Neighbours() {
    for (std::size_t n = 0; n < reserved_.size(); ++n) (void)at(n);
  }
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  std::byte* at(std::size_t n) {
    if (reserved_[n]) (void)munmap(first_ + n * size_, size_);
    reserved_[n] = false;
    return first_ + n * size_;
  }
  /// Private memory at that place, as a program has it; its own from now on.
  std::span<std::byte> map(std::size_t n) {
    void* mapped = mmap(at(n), size_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT_EQ(mapped, first_ + n * size_);
    return {first_ + n * size_, size_};
  }

 private:
  std::size_t size_;
  std::vector<bool> reserved_;
  std::byte* first_;
};

}  // namespace cleave::detail
