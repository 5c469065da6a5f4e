#include "heap/size_class.h"

#include <gtest/gtest.h>

namespace cleave::detail {
namespace {

TEST(SizeClasses, HoldEverySmallSizeAndLoseAFifthAtMost) {
  for (std::size_t bytes = 0; bytes <= kLargestSmall; ++bytes) {
    const unsigned size_class = class_of(bytes);
    ASSERT_LT(size_class, kSizeClasses);
    ASSERT_GE(kSizeClass[size_class].bytes, bytes);
    ASSERT_TRUE(size_class == 0 || kSizeClass[size_class - 1].bytes < bytes) << "too large";
    ASSERT_LE(kSizeClass[size_class].bytes, bytes + 16 + bytes / 4);
  }
}

TEST(SizeClasses, AreMultiplesOfTheAlignment) {
  for (const SizeClass& one : kSizeClass) EXPECT_EQ(one.bytes % kBlockAlignment, 0u);
}

TEST(SizeClasses, DivideEveryOffsetInASlabExactly) {
  for (const SizeClass& one : kSizeClass) {
    const std::uint32_t end = slab_pages(one, slab_blocks(one)) << kPageBits;
    for (std::uint32_t offset = 0; offset < end; ++offset) {
      const BlockAt at = block_at(one.reciprocal, offset);
      ASSERT_EQ(at.index, offset / one.bytes) << offset << " by " << one.bytes;
      ASSERT_EQ(at.starts, offset % one.bytes == 0) << offset << " by " << one.bytes;
    }
  }
}

TEST(SizeClasses, FillTheirSlabs) {
  for (const SizeClass& one : kSizeClass) {
    const std::uint32_t blocks = slab_blocks(one);
    EXPECT_GE(blocks, 8u);
    EXPECT_LE(blocks, kMostBlocks);
    const std::uint64_t bytes = std::uint64_t{slab_pages(one, blocks)} << kPageBits;
    EXPECT_LT(bytes - std::uint64_t{blocks} * one.bytes, bytes / 16);
  }
}

}  // namespace
}  // namespace cleave::detail
