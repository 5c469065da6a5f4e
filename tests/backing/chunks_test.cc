// Memory in chunks.
#include "backing/compressed/chunks.h"

#include <sys/mman.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace cleave::detail::backing {
namespace {

struct Store {
  explicit Store(std::uint32_t slabs) : bytes(std::uint64_t{slabs} * kSlabBytes), list(slabs) {
    memory = static_cast<std::byte*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    chunks.begin({memory, bytes}, list);
  }
  ~Store() { (void)munmap(memory, bytes); }

  /// The memory that is there, as the kernel counts it.
  [[nodiscard]] std::uint64_t resident() const {
    std::vector<unsigned char> pages(bytes / kPageSize);
    (void)mincore(memory, bytes, pages.data());
    std::uint64_t count = 0;
    for (const unsigned char page : pages) count += page & 1u;
    return count * kPageSize;
  }

  std::uint64_t bytes;
  std::byte* memory;
  std::vector<Chunks::Slab> list;
  Chunks chunks;
};

TEST(Chunks, HaveSizesFromFewBytesToAPage) {
  for (std::uint32_t bytes = 1; bytes <= kPageSize; ++bytes) {
    const std::uint32_t with_header = bytes + static_cast<std::uint32_t>(sizeof(ChunkHeader));
    const std::uint32_t size_class = class_for(with_header);
    ASSERT_LT(size_class, kSizeClasses.count);
    ASSERT_GE(kSizeClasses.bytes[size_class], with_header);
    // What is lost is less than 64 bytes, or of large ones an eighth.
    ASSERT_LT(kSizeClasses.bytes[size_class] - with_header, std::max(64u, with_header / 8));
  }
}

TEST(Chunks, HoldTheirBytesWhateverElseIsTakenGivenAndMoved) {
  Store store(40);
  struct Held {
    ChunkId chunk;
    std::vector<std::byte> bytes;
  };
  std::map<std::uint32_t, Held> held;
  std::mt19937 random(5);
  std::uint32_t next = 0;
  int compacted = 0;
  for (int step = 0; step < 60'000; ++step) {
    // By turns more is taken and more is given back.
    if (random() % 10 < (step / 5'000 % 2 == 0 ? 7u : 3u)) {
      const auto size =
          static_cast<std::uint32_t>(1 + random() % (random() % 4 == 0 ? kPageSize : 700));
      const auto chunk = store.chunks.take(size, next, store.bytes);
      if (!chunk) {
        compacted += store.chunks.compact(
            [&](std::uint32_t owner, ChunkId to) { held.at(owner).chunk = to; });
        continue;
      }
      std::vector<std::byte> bytes(size);
      for (std::byte& b : bytes) b = static_cast<std::byte>(random());
      ASSERT_EQ(store.chunks.bytes_of(*chunk).size(), size);
      std::memcpy(store.chunks.bytes_of(*chunk).data(), bytes.data(), size);
      held.emplace(next++, Held{*chunk, std::move(bytes)});
    } else if (!held.empty()) {
      auto at = held.lower_bound(static_cast<std::uint32_t>(random() % next));
      if (at == held.end()) at = held.begin();
      const auto now = store.chunks.bytes_of(at->second.chunk);
      ASSERT_TRUE(
          std::equal(now.begin(), now.end(), at->second.bytes.begin(), at->second.bytes.end()));
      store.chunks.give(at->second.chunk);
      held.erase(at);
    }
  }
  EXPECT_GT(compacted, 0);
  for (const auto& [owner, one] : held) {
    const auto now = store.chunks.bytes_of(one.chunk);
    ASSERT_TRUE(std::equal(now.begin(), now.end(), one.bytes.begin(), one.bytes.end()));
  }
}

TEST(Chunks, TakeNoMoreMemoryThanTheySay) {
  Store store(64);
  std::vector<ChunkId> all;
  while (const auto chunk = store.chunks.take(1000, 0, 2 << 20)) {
    std::memset(store.chunks.bytes_of(*chunk).data(), 1, 1000);
    all.push_back(*chunk);
    ASSERT_LE(store.resident(), store.chunks.taken());
  }
  EXPECT_EQ(store.chunks.taken(), 2u << 20);
  for (const ChunkId chunk : all) store.chunks.give(chunk);
  EXPECT_LE(store.chunks.taken(), 1u << 20);
  EXPECT_LE(store.resident(), store.chunks.taken());
  while (store.chunks.shrink()) {
  }
  EXPECT_EQ(store.chunks.taken(), 0u);
  EXPECT_EQ(store.resident(), 0u);
}

TEST(Chunks, MakeRoomForOtherSizesWhenTheyAreMovedTogether) {
  Store store(32);
  std::vector<ChunkId> all;
  while (const auto chunk =
             store.chunks.take(500, static_cast<std::uint32_t>(all.size()), store.bytes)) {
    all.push_back(*chunk);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {  // two of three, all over
    if (i % 3 != 0) store.chunks.give(all[i]);
  }
  EXPECT_FALSE(store.chunks.take(3000, 0, store.bytes));
  int slabs = 0;
  while (store.chunks.compact([&](std::uint32_t owner, ChunkId to) { all[owner] = to; })) ++slabs;
  EXPECT_GE(slabs, 20);
  EXPECT_TRUE(store.chunks.take(3000, 0, store.bytes));
}

}  // namespace
}  // namespace cleave::detail::backing
