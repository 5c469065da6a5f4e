// Arenas that are restored from snapshots whose pages can be kept back.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "tests/support/far_below.h"
#include "tests/support/memory_backing.h"

namespace cleave::detail {

/// A pool of few frames, all of whose pages are away; a space with a number in each word of pages
/// [8, 200) and of every tenth page from 300 on; and arenas that are restored from it.
class LateArena : public testing::Test {
 public:
  static constexpr std::uint64_t kPages = 1024;
  using Pages = std::initializer_list<std::uint64_t>;
  static constexpr std::uint64_t kBase = kFreePlace;

  void SetUp() override {
    if (const auto works = try_tracking(Tracking::async); !works) {
      GTEST_SKIP() << works.error().message();
    }
    Space space = must(Space::create(pool_));
    must(space.map_at(Address{kBase}, ByteCount{kPages * kPageSize}));
    for (std::uint64_t page = 0; page < kPages; ++page) {
      if (has(page)) must(space.write(address(page), page_of(page)));
    }
    snapshot_.emplace(must(space.snapshot()));
    (void)pool_.evict(ByteCount{kPages * kPageSize});
  }

  static bool has(std::uint64_t page) {
    return (page >= 8 && page < 200) || (page >= 300 && page % 10 == 0);
  }
  static std::uint64_t count() {
    std::uint64_t count = 0;
    for (std::uint64_t page = 0; page < kPages; ++page) count += has(page) ? 1 : 0;
    return count;
  }
  static Address address(std::uint64_t page) { return Address{kBase + page * kPageSize}; }
  static std::array<std::byte, kPageSize> page_of(std::uint64_t page) {
    std::array<std::byte, kPageSize> bytes{};
    const std::uint64_t word = has(page) ? 0x0101010101010101U * (1 + page % 255) : 0;
    for (std::size_t at = 0; at < kPageSize; at += 8) std::memcpy(&bytes[at], &word, 8);
    return bytes;
  }

  [[nodiscard]] Arena restore(RestoreOptions options = {}) const {
    options.name = "the test's snapshot";
    return must(Arena::restore(*snapshot_, options));
  }
  static std::byte* at(Arena& arena, std::uint64_t page) { return arena.data() + page * kPageSize; }
  // A load and a store that the compiler leaves where they are.
  static std::byte load(Arena& arena, std::uint64_t page) {
    return *static_cast<volatile std::byte*>(at(arena, page));
  }
  static void store(Arena& arena, std::uint64_t page, int value) {
    *static_cast<volatile std::byte*>(at(arena, page)) = static_cast<std::byte>(value);
  }
  static bool is_right(const std::byte* bytes, std::uint64_t page) {
    return std::memcmp(bytes, page_of(page).data(), kPageSize) == 0;
  }
  static void expect_right(Arena& arena) {
    for (std::uint64_t page = 0; page < kPages; ++page) {
      ASSERT_TRUE(is_right(at(arena, page), page)) << "page " << page;
    }
  }
  /// Keeps back what the backing is asked for, until release().
  void keep_back() {
    kept_back_ = true;
    beyond_.refuses_get = [this] {
      while (kept_back_) std::this_thread::yield();
      return false;
    };
  }
  void release() { kept_back_ = false; }

  std::atomic<bool> kept_back_{false};
  Beyond beyond_;
  Pool pool_ =
      must(Pool::create(ByteCount{512 * kPageSize}, std::make_unique<MemoryBacking>(beyond_)));
  std::optional<Snapshot> snapshot_;
};

}  // namespace cleave::detail
