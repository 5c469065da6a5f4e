// A limit of the process that a call meets is that call's error, which names it; and when the limit
// is raised, the call succeeds.
#include <sys/mman.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/file.h>
#include <cleave/must.h>
#include <cleave/ring.h>

#include "tests/arena/every_tracking.h"
#include "tests/support/named_limit.h"
#include "tests/support/poor_process.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

using namespace literals;

// A signal ends the process when a file grows past the limit. No handler is set: there is none.
TEST(NamedLimits, TheSizeOfFilesIsToldByPoolsAndArenas) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool small = must(Pool::create(1_MiB));
    const rlim_t before = limit(RLIMIT_FSIZE, 1 << 20);
    for (const ByteCount size : {ByteCount{(1 << 20) + 1}, 64_MiB, 1_TiB}) {
      const auto pool = Pool::create(size + 4096);
      if (auto wrong = names("RLIMIT_FSIZE", Errc::bad_argument, pool); !wrong.empty())
        return wrong;
      const auto arena = Arena::create(small, size);
      if (auto wrong = names("RLIMIT_FSIZE", Errc::bad_argument, arena); !wrong.empty()) {
        return wrong;
      }
    }
    if (auto wrong = succeeds(Arena::create(small, 1_MiB)); !wrong.empty()) return wrong;
    limit(RLIMIT_FSIZE, before);
    return succeeds(Pool::create(64_MiB));
  }));
}

TEST(NamedLimits, DescriptorsAreToldByWhateverOpensOne) {
  if (kSanitized) GTEST_SKIP() << "UBSan asks by a pipe whether memory is there";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    if (auto wrong = until_there_are_enough([] { return Pool::create(1_MiB); }); !wrong.empty()) {
      return "pool: " + wrong;
    }
    Pool pool = must(Pool::create(16_MiB));
    for (const Tracking tracking : every_choice()) {
      const auto works = try_tracking(tracking);
      if (!works) continue;
      for (const bool calls_write : {true, false}) {
        const auto wrong = until_there_are_enough([&] {
          return Arena::create(pool, 1_MiB,
                               {.tracking = tracking, .system_calls_write = calls_write});
        });
        if (!wrong.empty()) return std::string(name(tracking)) + ": " + wrong;
      }
    }
    if (auto ring = Ring::create(pool)) {
      if (auto wrong = until_there_are_enough([&] { return Ring::create(pool); }); !wrong.empty()) {
        return "ring: " + wrong;
      }
      Space space = must(Space::create(pool));
      const Address at = must(space.map(1_MiB));
      const int input = STDIN_FILENO;
      if (auto wrong =
              until_there_are_enough([&] { return ring->start_read(space, at, input, 0, 0); });
          !wrong.empty()) {
        return "transfer: " + wrong;
      }
    }
    return until_there_are_enough([] { return open_file("/dev/null", OpenMode::read); });
  }));
}

// A shortage passes; to fall back on a slower way would last.
TEST(NamedLimits, AnArenaThatFindsNoDescriptorIsNotMadeWithASlowerTracking) {
  if (kSanitized) GTEST_SKIP() << "UBSan asks by a pipe whether memory is there";
  if (!try_tracking(Tracking::async)) GTEST_SKIP() << "async does not work here";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool pool = must(Pool::create(16_MiB));
    const rlim_t free = first_free_descriptor();
    for (rlim_t most = free; most < free + 20; ++most) {
      const rlim_t before = limit(RLIMIT_NOFILE, most);
      const auto arena = Arena::create(pool, 1_MiB);
      limit(RLIMIT_NOFILE, before);
      if (arena && arena->statistics().tracking != Tracking::async) {
        return arena->tracking_reason();
      }
    }
    return "";
  }));
}

TEST(NamedLimits, AddressSpaceIsToldByPoolsAndArenas) {
  if (kSanitized) GTEST_SKIP() << "shadow memory needs much address space";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool small = must(Pool::create(1_MiB));
    const rlim_t before = limit(RLIMIT_AS, mapped_bytes() + (512 << 20));
    const auto pool = Pool::create(1_GiB);
    if (auto wrong = names("RLIMIT_AS", Errc::no_memory, pool); !wrong.empty()) return wrong;
    // Once alone, and together with the second mapping.
    for (const ByteCount size : {1_GiB, 400_MiB}) {
      const auto arena = Arena::create(small, size);
      if (auto wrong = names("RLIMIT_AS", Errc::no_memory, arena); !wrong.empty()) return wrong;
    }
    limit(RLIMIT_AS, before);
    return succeeds(Arena::create(small, 1_GiB));
  }));
}

TEST(NamedLimits, TheSizeOfDataIsToldByPoolsWhoseRecordsExceedIt) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer has much data of its own";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    const rlim_t before = limit(RLIMIT_DATA, mapped_bytes(5) + (64 << 20));
    const auto pool = Pool::create(64_GiB);  // 12 bytes a frame
    if (auto wrong = names("RLIMIT_DATA", Errc::no_memory, pool); !wrong.empty()) return wrong;
    limit(RLIMIT_DATA, before);
    return succeeds(Pool::create(64_GiB));
  }));
}

TEST(NamedLimits, LockedMemoryIsToldWhereTheProgramLocksAllThatItMaps) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer maps much";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    if (!become_nobody()) return "cannot give up privileges";
    limit(RLIMIT_MEMLOCK, 1 << 20);
    if (mlockall(MCL_FUTURE) != 0) return "";
    const auto pool = Pool::create(64_MiB);
    const auto wrong = names("RLIMIT_MEMLOCK", Errc::no_memory, pool);
    (void)munlockall();
    return wrong.empty() ? succeeds(Pool::create(64_MiB)) : wrong;
  }));
}

// The kernel gives up requests that it can start no thread for.
TEST(NamedLimits, ThreadsOfTheKernelAreToldByTransfers) {
  if (Pool pool = must(Pool::create(1_MiB)); !Ring::create(pool)) GTEST_SKIP() << "no io_uring";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    // A file that cannot be read without waiting for it.
    const File file = must(open_file("/proc/self/status", OpenMode::read));
    if (geteuid() == 0 && !become_nobody()) return "cannot give up privileges";
    const rlim_t before = limit(RLIMIT_NPROC, 0);
    Pool pool = must(Pool::create(1_MiB));
    Ring ring = must(Ring::create(pool));
    Space space = must(Space::create(pool));
    const Address at = must(space.map(64_KiB));
    const auto read = [&] { return read_file(ring, space, at, file.descriptor(), 0, 4096); };
    if (const auto got = read(); !got) {  // some kernels read it in this thread
      if (auto wrong = names("RLIMIT_NPROC", Errc::io, got); !wrong.empty()) return wrong;
    }
    limit(RLIMIT_NPROC, before);
    return succeeds(read());
  }));
}

TEST(NamedLimits, TheNumberOfMappingsIsToldByPoolsAndArenas) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs mappings of its own";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool small = must(Pool::create(1_MiB));
    {
      const NoMappingLeft left;
      if (!left.is_so()) return "";
      const auto pool = Pool::create(1_MiB);
      const auto arena = Arena::create(small, 1_MiB);
      if (auto wrong = names("vm.max_map_count", Errc::no_memory, pool); !wrong.empty()) {
        return wrong;
      }
      if (auto wrong = names("vm.max_map_count", Errc::no_memory, arena); !wrong.empty()) {
        return wrong;
      }
    }
    return succeeds(Arena::create(small, 1_MiB));
  }));
}

int open_descriptors() {
  const auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<int>(std::distance(begin(all), end(all)));
}

TEST(NamedLimits, AnArenaTakesOneOrTwoDescriptorsAndAllOfThemThreeMore) {
  constexpr int kArenas = 50;
  Pool pool = must(Pool::create(16_MiB));
  for (const Tracking tracking : every_choice()) {
    if (!try_tracking(tracking)) continue;
    const int before = open_descriptors();
    std::vector<Arena> arenas;
    for (int i = 0; i < kArenas; ++i) {
      arenas.push_back(must(Arena::create(pool, 64_KiB, {.tracking = tracking})));
    }
    const int each = tracking == Tracking::mprotect ? 2 : 1;
    EXPECT_LE(open_descriptors(), before + kArenas * each + 3) << name(tracking);
    arenas.clear();
    EXPECT_EQ(open_descriptors(), before) << name(tracking) << ": they are closed with the last";
  }
}

// What the parent has opened speaks of the parent's memory.
TEST(NamedLimits, AChildOfForkHasDescriptorsOfItsOwnForItsArenas) {
  Pool pool = must(Pool::create(16_MiB));
  for (const Tracking tracking : every_choice()) {
    if (!try_tracking(tracking)) continue;
    auto parents =
        std::make_unique<Arena>(must(Arena::create(pool, 64_KiB, {.tracking = tracking})));
    const auto write = [tracking](Arena& arena, char what) {
      if (tracking == Tracking::software) arena.mark_dirty(arena.data(), 1);
      arena.data()[0] = std::byte(what);
    };
    EXPECT_TRUE(in_a_child([&]() -> std::string {
      Pool own = must(Pool::create(16_MiB));
      Arena arena = must(Arena::create(own, 64_KiB, {.tracking = tracking}));
      write(arena, 'a');
      const Commit first = must(arena.commit());
      parents.reset();  // the child's copy
      write(arena, 'b');
      if (must(arena.commit()).pages() != 1) return "a write was not noticed";
      must(arena.checkout(first));
      return arena.data()[0] == std::byte{'a'} ? "" : "a wrong byte";
    })) << name(tracking);
    write(*parents, 'c');
    EXPECT_EQ(must(parents->commit()).pages(), 1u) << name(tracking);
  }
}

class ManyArenas : public testing::TestWithParam<Tracking> {};

TEST_P(ManyArenas, MoreThanTheSlotsOfOneBlockHaveTheirFaultsHandled) {
  if (const auto works = try_tracking(GetParam()); !works) GTEST_SKIP() << works.error().message();
  constexpr std::size_t kArenas = 300;
  Pool pool = must(Pool::create(64_MiB));
  std::vector<Arena> arenas;
  std::vector<Commit> commits;
  for (std::size_t i = 0; i < kArenas; ++i) {
    arenas.push_back(must(Arena::create(pool, 64_KiB, {.tracking = GetParam()})));
    arenas[i].data()[0] = std::byte(i);
    commits.push_back(must(arenas[i].commit()));
  }
  for (std::size_t i = 0; i < kArenas; ++i) arenas[i].data()[0] = std::byte{0xFF};
  for (std::size_t i = 0; i < kArenas; ++i) {
    must(arenas[i].checkout(commits[i]));
    ASSERT_EQ(arenas[i].data()[0], std::byte(i)) << i;
  }
  // The slots of those that have ended serve again.
  arenas.erase(arenas.begin(), arenas.begin() + 200);
  for (std::size_t i = 0; i < 200; ++i) {
    arenas.push_back(must(Arena::create(pool, 64_KiB, {.tracking = GetParam()})));
    arenas.back().data()[0] = std::byte{1};
  }
}

INSTANTIATE_TEST_SUITE_P(By, ManyArenas, testing::Values(Tracking::sigbus, Tracking::mprotect),
                         [](const auto& by) { return name(by.param); });

}  // namespace
}  // namespace cleave::detail
