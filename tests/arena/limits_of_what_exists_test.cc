// Limits that an arena of what exists meets, a snapshot or memory of the process: an error that
// names the limit, and then success.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <functional>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "tests/arena/every_tracking.h"
#include "tests/arena/late_contents.h"
#include "tests/support/named_limit.h"
#include "tests/support/poor_process.h"
#include "tests/support/sanitized.h"
#include "tests/support/seccomp.h"

namespace cleave::detail {
namespace {

using namespace literals;

/// Memory of the process's own, with a byte in each page.
class Existing {
 public:
  explicit Existing(ByteCount size)
      : memory_(static_cast<std::byte*>(mmap(nullptr, size.value, PROT_READ | PROT_WRITE,
                                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
                size.value) {
    for (std::size_t at = 0; at < memory_.size(); at += kPageSize) memory_[at] = std::byte{'x'};
  }
  ~Existing() { (void)munmap(memory_.data(), memory_.size()); }
  Existing(const Existing&) = delete;
  Existing& operator=(const Existing&) = delete;

  [[nodiscard]] std::span<std::byte> memory() const { return memory_; }
  [[nodiscard]] std::string is_as_it_was() const {
    for (std::size_t at = 0; at < memory_.size(); at += kPageSize) {
      if (memory_[at] != std::byte{'x'}) return "a byte has changed";
      memory_[at] = std::byte{'y'};
      memory_[at] = std::byte{'x'};
    }
    return "";
  }

 private:
  std::span<std::byte> memory_;
};

class LimitsOfTakingOver : public EveryTracking {
 protected:
  static Result<Arena> take_over(const Pool& pool, const Existing& memory) {
    return Arena::take_over(pool, memory.memory(), {.tracking = GetParam()});
  }
};

TEST_P(LimitsOfTakingOver, OfDescriptorsAreToldAndTheMemoryIsAsItWas) {
  if (kSanitized) GTEST_SKIP() << "UBSan asks by a pipe whether memory is there";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool pool = must(Pool::create(16_MiB));
    const Existing memory(1_MiB);
    std::string changed;
    const auto wrong = until_there_are_enough([&] {
      auto made = take_over(pool, memory);
      if (!made) changed += memory.is_as_it_was();
      return made;
    });
    return wrong + changed + memory.is_as_it_was();
  }));
}

TEST_P(LimitsOfTakingOver, OfAddressSpaceAreToldAndTheMemoryIsAsItWas) {
  if (kSanitized) GTEST_SKIP() << "shadow memory needs much address space";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool pool = must(Pool::create(256_MiB));
    const Existing memory(64_MiB);
    const rlim_t before = limit(RLIMIT_AS, mapped_bytes() + (32 << 20));
    const auto refused = take_over(pool, memory);
    limit(RLIMIT_AS, before);
    if (auto wrong = names("RLIMIT_AS", Errc::no_memory, refused); !wrong.empty()) return wrong;
    if (auto wrong = memory.is_as_it_was(); !wrong.empty()) return wrong;
    return succeeds(take_over(pool, memory));
  }));
}

TEST_P(LimitsOfTakingOver, OfTheSizeOfFilesAreToldAndTheMemoryIsAsItWas) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool pool = must(Pool::create(16_MiB));
    const Existing memory(2_MiB);
    const rlim_t before = limit(RLIMIT_FSIZE, 1 << 20);
    const auto refused = take_over(pool, memory);
    limit(RLIMIT_FSIZE, before);
    if (auto wrong = names("RLIMIT_FSIZE", Errc::bad_argument, refused); !wrong.empty()) {
      return wrong;
    }
    if (auto wrong = memory.is_as_it_was(); !wrong.empty()) return wrong;
    return succeeds(take_over(pool, memory));
  }));
}

TEST_P(LimitsOfTakingOver, OfMappingsAreToldAndTheMemoryIsAsItWas) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs mappings of its own";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    Pool pool = must(Pool::create(16_MiB));
    const Existing memory(1_MiB);
    {
      const NoMappingLeft left;
      if (!left.is_so()) return "";
      const auto refused = take_over(pool, memory);
      if (auto wrong = names("vm.max_map_count", Errc::no_memory, refused); !wrong.empty()) {
        return wrong;
      }
      if (auto wrong = memory.is_as_it_was(); !wrong.empty()) return wrong;
    }
    return succeeds(take_over(pool, memory));
  }));
}

INSTANTIATE_TEST_SUITE_P(Tracked, LimitsOfTakingOver, every_tracking(), name_of_tracking);

class LimitsOfRestoring : public LateArena {
 public:
  void TestBody() override {}
  Result<Arena> try_to_restore() { return Arena::restore(*snapshot_); }

  /// `body` in a child, with a pool of its own.
  static testing::AssertionResult in_its_own_process(
      const std::function<std::string(LimitsOfRestoring&)>& body) {
    return in_a_child([&]() -> std::string {
      LimitsOfRestoring own;
      own.SetUp();
      return body(own);
    });
  }
  std::string restores() {
    auto arena = try_to_restore();
    if (!arena) return arena.error().message();
    for (const std::uint64_t page : {8, 150, 200, 300, 301, 1023}) {
      if (!is_right(at(*arena, page), page)) return "page " + std::to_string(page);
    }
    return "";
  }
};

class RestoringMeets : public LateArena {};

TEST_F(RestoringMeets, NoDescriptorAndSaysSo) {
  if (kSanitized) GTEST_SKIP() << "UBSan asks by a pipe whether memory is there";
  EXPECT_TRUE(LimitsOfRestoring::in_its_own_process([](LimitsOfRestoring& own) -> std::string {
    const auto wrong = until_there_are_enough([&] { return own.try_to_restore(); });
    return wrong.empty() ? own.restores() : wrong;
  }));
}

TEST_F(RestoringMeets, NoAddressSpaceAndSaysSo) {
  if (kSanitized) GTEST_SKIP() << "shadow memory needs much address space";
  EXPECT_TRUE(LimitsOfRestoring::in_its_own_process([](LimitsOfRestoring& own) -> std::string {
    const rlim_t before = limit(RLIMIT_AS, mapped_bytes() + (1 << 20));
    const auto refused = own.try_to_restore();
    limit(RLIMIT_AS, before);
    const auto wrong = names("RLIMIT_AS", Errc::no_memory, refused);
    return wrong.empty() ? own.restores() : wrong;
  }));
}

TEST_F(RestoringMeets, NoMappingAndSaysSo) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs mappings of its own";
  EXPECT_TRUE(LimitsOfRestoring::in_its_own_process([](LimitsOfRestoring& own) -> std::string {
    {
      const NoMappingLeft left;
      if (!left.is_so()) return "";
      const auto refused = own.try_to_restore();
      if (auto wrong = names("vm.max_map_count", Errc::no_memory, refused); !wrong.empty()) {
        return wrong;
      }
    }
    return own.restores();
  }));
}

TEST_F(RestoringMeets, NoThreadAndSaysSo) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer has threads of its own";
  EXPECT_TRUE(LimitsOfRestoring::in_its_own_process([](LimitsOfRestoring& own) -> std::string {
    if (!become_nobody()) return "cannot give up privileges";
    const rlim_t before = limit(RLIMIT_NPROC, 0);
    const auto refused = own.try_to_restore();
    const auto reclaimed = own.pool_.start_reclaim();
    limit(RLIMIT_NPROC, before);
    if (auto wrong = names("RLIMIT_NPROC", Errc::no_memory, refused); !wrong.empty()) return wrong;
    const auto wrong = names("RLIMIT_NPROC", Errc::no_memory, reclaimed);
    return wrong.empty() ? own.restores() : wrong;
  }));
}

TEST_F(RestoringMeets, APolicyAgainstThreadsAndSaysSo) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer has threads of its own";
  EXPECT_TRUE(LimitsOfRestoring::in_its_own_process([](LimitsOfRestoring& own) -> std::string {
    constexpr std::array kThreads{Denied{SYS_clone3, EPERM}, Denied{SYS_clone, EPERM}};
    if (!deny(kThreads)) return "";
    return names("forbids", Errc::unsupported, own.try_to_restore());
  }));
}

}  // namespace
}  // namespace cleave::detail
