// The backings as C has them.
#include <array>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>

#include <cleave/backing/c.h>

#include "sync/memory.h"
#include "tests/capi/owned.h"
#include "tests/support/child.h"

namespace cleave::c {
namespace {

using testing::HasSubstr;
namespace sync = detail::sync;

using OwnedBacking = std::unique_ptr<cleave_backing, Release<cleave_backing_release>>;

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr std::uint64_t kPages = 1024;  // 4 MiB, of which a pool has one

cleave_swap_file_options file_of(std::uint64_t bytes) {
  cleave_swap_file_options options{};
  options.size = sizeof options;
  options.bytes = bytes;
  return options;
}
cleave_compressed_options memory_of(std::uint64_t bytes) {
  cleave_compressed_options options{};
  options.size = sizeof options;
  options.bytes = bytes;
  return options;
}
cleave_backing* open_file(std::uint64_t bytes, cleave_error* error) {
  const auto options = file_of(bytes);
  return cleave_swap_file_open(&options, error);
}
cleave_backing* open_memory(std::uint64_t bytes, cleave_backing* next, cleave_error* error) {
  const auto options = memory_of(bytes);
  return cleave_compressed_open(&options, next, error);
}
std::size_t descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class CBackings : public testing::Test {
 protected:
  void ok(cleave_code code) { ASSERT_EQ(code, CLEAVE_OK) << message(error); }
  [[nodiscard]] cleave_pool_statistics figures(const cleave_pool* pool) {
    cleave_pool_statistics s{};
    s.size = sizeof s;
    EXPECT_EQ(cleave_pool_get_statistics(pool, &s, nullptr), CLEAVE_OK);
    return s;
  }
  [[nodiscard]] cleave_backing_statistics figures(const cleave_backing* backing) {
    cleave_backing_statistics s{};
    s.size = sizeof s;
    EXPECT_EQ(cleave_backing_get_statistics(backing, &s, nullptr), CLEAVE_OK);
    return s;
  }
  /// A pool of 1 MiB, with four times as much in it and back.
  void play(cleave_backing* backing) {
    ASSERT_NE(backing, nullptr) << message(error);
    const OwnedPool pool(cleave_pool_create_with_backing(kMebibyte, backing, &error));
    ASSERT_NE(pool, nullptr) << message(error);
    EXPECT_EQ(cleave_pool_has_backing(pool.get()), 1);
    const OwnedSpace space(cleave_space_create(pool.get(), &error));
    cleave_address at = 0;
    ok(cleave_space_map(space.get(), kPages * 4096, CLEAVE_READ_WRITE, &at, &error));
    for (std::uint64_t n = 0; n < kPages; ++n)
      ok(cleave_space_write(space.get(), at + n * 4096, &n, 8, &error));
    for (std::uint64_t n = 0; n < kPages; ++n) {
      std::uint64_t seen = ~n;
      ok(cleave_space_read(space.get(), at + n * 4096, &seen, 8, &error));
      ASSERT_EQ(seen, n);
    }
    EXPECT_GE(figures(pool.get()).went, kPages - kMebibyte / 4096);
    EXPECT_GE(figures(pool.get()).came, kPages - kMebibyte / 4096);
    std::uint64_t freed = 77;
    ok(cleave_pool_evict(pool.get(), kMebibyte, &freed, &error));
    EXPECT_GT(freed, 0u);
    ok(cleave_pool_evict(pool.get(), 0, nullptr, &error));
    EXPECT_GT(figures(pool.get()).away, kPages - kMebibyte / 4096);
    EXPECT_GT(figures(backing).pages, kPages - kMebibyte / 4096);
  }

  cleave_error error{};
};

TEST_F(CBackings, HoldWhatAPoolHasNoMemoryFor) {
  play(open_file(8 * kMebibyte, &error));
  play(open_memory(8 * kMebibyte, nullptr, &error));
  play(open_memory(2 * kMebibyte, open_file(8 * kMebibyte, &error), &error));
}

TEST_F(CBackings, AreFilledInTheBackgroundToo) {
  const OwnedPool pool(
      cleave_pool_create_with_backing(kMebibyte, open_file(8 * kMebibyte, &error), &error));
  EXPECT_EQ(cleave_pool_start_reclaim(pool.get(), 2 * kMebibyte, 0, &error), CLEAVE_BAD_ARGUMENT);
  ok(cleave_pool_start_reclaim(pool.get(), kMebibyte / 4, kMebibyte / 2, &error));
  EXPECT_EQ(cleave_pool_start_reclaim(pool.get(), 0, 0, &error), CLEAVE_ALREADY_EXISTS);
  const OwnedSpace space(cleave_space_create(pool.get(), &error));
  cleave_address at = 0;
  ok(cleave_space_map(space.get(), kMebibyte, CLEAVE_READ_WRITE, &at, &error));
  for (std::uint64_t n = 1; n <= kMebibyte / 4096; ++n)
    ok(cleave_space_write(space.get(), at + (n - 1) * 4096, &n, 8, &error));
  while (figures(pool.get()).used > kMebibyte / 4096 * 3 / 4) std::this_thread::yield();
  cleave_pool_stop_reclaim(pool.get());
  cleave_pool_stop_reclaim(pool.get());
}

TEST_F(CBackings, LetEqualPagesBecomeOne) {
  const OwnedPool pool(cleave_pool_create_with_backing(
      kMebibyte, open_memory(8 * kMebibyte, nullptr, &error), &error));
  ASSERT_NE(pool, nullptr) << message(error);
  const OwnedSpace space(cleave_space_create(pool.get(), &error));
  cleave_address at = 0;
  ok(cleave_space_map(space.get(), 16 * 4096, CLEAVE_READ_WRITE, &at, &error));
  const std::uint64_t same = 7;
  for (std::uint64_t n = 0; n < 16; ++n)
    ok(cleave_space_write(space.get(), at + n * 4096, &same, 8, &error));
  std::uint64_t merged = 77;
  ok(cleave_pool_merge(pool.get(), kMebibyte, &merged, &error));
  EXPECT_EQ(merged, 0u) << "pages that were never looked at may be changing";
  ok(cleave_pool_merge(pool.get(), kMebibyte, &merged, &error));
  EXPECT_EQ(merged, 15u);
  EXPECT_EQ(figures(pool.get()).merged, 15u);
  ok(cleave_pool_merge(pool.get(), kMebibyte, nullptr, &error));
}

TEST_F(CBackings, SayWhatTheyHold) {
  const OwnedBacking file(open_file(kMebibyte, &error));
  EXPECT_EQ(figures(file.get()).capacity, kMebibyte / 4096);
  EXPECT_EQ(figures(file.get()).pages, 0u);
  cleave_backing_statistics part{};
  part.size = offsetof(cleave_backing_statistics, capacity);
  part.capacity = 77;
  ok(cleave_backing_get_statistics(file.get(), &part, &error));
  EXPECT_EQ(part.capacity, 77u) << "this lies beyond what the caller knows of";
  part.size = 0;
  EXPECT_EQ(cleave_backing_get_statistics(file.get(), &part, &error), CLEAVE_BAD_ARGUMENT);
}

TEST_F(CBackings, LieWhereTheCallerSays) {
  auto options = file_of(kMebibyte);
  options.directory = "/nowhere at all";
  EXPECT_EQ(cleave_swap_file_open(&options, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_IO);
  options.directory = "";
  options.depth = 4;
  options.flags = CLEAVE_SWAP_FILE_WRITE_AT_OPEN;
  const OwnedBacking file(cleave_swap_file_open(&options, &error));
  EXPECT_NE(file, nullptr) << message(error);
}

TEST_F(CBackings, RefuseOptionsThatTheyDoNotKnow) {
  auto options = file_of(kMebibyte);
  options.flags = 2;
  EXPECT_EQ(cleave_swap_file_open(&options, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  struct {
    cleave_compressed_options known;
    std::uint64_t later;
  } longer{memory_of(kMebibyte), 0};
  longer.known.size = sizeof longer;
  OwnedBacking made(cleave_compressed_open(&longer.known, nullptr, &error));
  EXPECT_NE(made, nullptr) << message(error);
  longer.later = 1;
  EXPECT_EQ(cleave_compressed_open(&longer.known, nullptr, &error), nullptr);
  EXPECT_THAT(message(error), HasSubstr("does not know"));
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, ~std::size_t{0}}) {
    options = file_of(kMebibyte);
    options.size = size;
    EXPECT_EQ(cleave_swap_file_open(&options, &error), nullptr) << size;
    EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT) << size;
  }
}

TEST_F(CBackings, AreOptionalPartByPartForCallersOfAnEarlierHeader) {
  cleave_swap_file_options options{};
  options.size = offsetof(cleave_swap_file_options, directory);
  options.bytes = kMebibyte;
  options.flags = ~0u;  // this lies beyond what the caller knows of
  const OwnedBacking file(cleave_swap_file_open(&options, &error));
  EXPECT_NE(file, nullptr) << message(error);
}

TEST_F(CBackings, AreTakenOverByWhatFailsToo) {
  const std::size_t before = descriptors();
  EXPECT_EQ(cleave_pool_create_with_backing(100, open_file(kMebibyte, &error), &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(open_memory(100, open_file(kMebibyte, &error), &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_EQ(cleave_compressed_open(nullptr, open_file(kMebibyte, &error), &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  for (std::uint64_t k = 1;; ++k) {
    cleave_backing* file = open_file(kMebibyte, &error);
    sync::fail_allocation(k);
    const OwnedPool pool(cleave_pool_create_with_backing(kMebibyte, file, &error));
    const bool failed = sync::allocation_failed();
    sync::fail_allocation(0);
    if (!failed) break;
    ASSERT_EQ(pool, nullptr) << k;
    EXPECT_EQ(error.code, CLEAVE_NO_MEMORY) << k;
  }
  EXPECT_EQ(descriptors(), before);
}

TEST_F(CBackings, RefuseNull) {
  cleave_backing_release(nullptr);
  const OwnedBacking file(open_file(kMebibyte, &error));
  cleave_backing_statistics s{};
  s.size = sizeof s;
  for (cleave_error* said : {&error, static_cast<cleave_error*>(nullptr)}) {
    EXPECT_EQ(cleave_swap_file_open(nullptr, said), nullptr);
    EXPECT_EQ(cleave_compressed_open(nullptr, nullptr, said), nullptr);
    EXPECT_EQ(cleave_pool_create_with_backing(kMebibyte, nullptr, said), nullptr);
    EXPECT_EQ(cleave_backing_get_statistics(nullptr, &s, said), CLEAVE_BAD_ARGUMENT);
    EXPECT_EQ(cleave_backing_get_statistics(file.get(), nullptr, said), CLEAVE_BAD_ARGUMENT);
  }
  EXPECT_THAT(message(error), HasSubstr("NULL"));
}

TEST_F(CBackings, StayWithTheParentInAChildOfFork) {
  const OwnedPool pool(
      cleave_pool_create_with_backing(kMebibyte, open_file(kMebibyte, &error), &error));
  cleave_backing* mine = open_file(kMebibyte, &error);
  EXPECT_TRUE(detail::is_well(detail::child([&] {
    std::uint64_t freed = 0;
    if (cleave_pool_evict(pool.get(), 4096, &freed, &error) != CLEAVE_NOT_PERMITTED)
      detail::say("evicted");
    cleave_backing_release(mine);
  })));
  EXPECT_EQ(figures(mine).capacity, kMebibyte / 4096);
  cleave_backing_release(mine);
}

}  // namespace
}  // namespace cleave::c
