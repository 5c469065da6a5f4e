// What `catch_writers` takes away comes back as it was, but for what the program has sealed, also
// where the kernel's list of mappings cannot be had.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "tests/support/child.h"
#include "tests/support/sanitized.h"
#include "tests/support/seccomp.h"

namespace cleave::detail {
namespace {

using namespace literals;

/// An arena with `catch_writers`, in a child.
class WriterTraps : public testing::TestWithParam<bool> {
 protected:
  static constexpr std::size_t kPages = 16;
  static constexpr std::size_t kSealed = 8;
  static constexpr long kMseal = 462;  // Linux 6.10

  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer handles SIGSEGV itself";
  }

  void is_well_in_a_child(const std::function<void()>& body) {
    EXPECT_TRUE(is_well(child([&] {
      const Pool pool = must(Pool::create(1_MiB));
      const std::array no_list{Denied{SYS_openat, ENOENT}};
      if (!has_list() && !deny(no_list)) return;
      arena_.emplace(must(Arena::create(pool, kPages * kPageSize,
                                        {.tracking = Tracking::software, .catch_writers = true})));
      write_all(1);
      before_.emplace(must(arena_->commit()));
      body();
    })));
  }

  /// Whether /proc/self/maps can be had.
  static bool has_list() { return GetParam(); }

  [[nodiscard]] std::byte* at(std::size_t page) const { return arena_->data() + page * kPageSize; }
  void write(std::size_t page, int value) {
    arena_->mark_dirty(at(page), 1);
    *at(page) = std::byte(value);
  }
  /// But for what is sealed from now on. A page that is still taken away ends the child.
  void write_all(int value, std::optional<std::size_t> sealed = std::nullopt) {
    for (std::size_t page = 0; page < kPages; ++page) {
      if (page != sealed) write(page, value);
    }
  }

  std::optional<Arena> arena_;
  std::optional<Commit> before_;
};

TEST_P(WriterTraps, GiveBackWhatTheyTookThoughAPartIsSealed) {
  is_well_in_a_child([&] {
    if (syscall(kMseal, at(kSealed), kPageSize, 0) != 0) return;  // before Linux 6.10
    for (int round = 0; round < 2; ++round) {
      const auto committed = arena_->commit();
      const auto gone_back = arena_->checkout(*before_);
      if (committed || gone_back) return say("it is not refused;");
      if (std::strstr(committed.error().what, "mseal(2)") == nullptr) say("it is not said;");
      write_all(2);
    }
  });
}

// As mseal(2) would have it after the memory was taken: no call that gives back a range with the
// sealed page in it succeeds.
TEST_P(WriterTraps, GiveBackPageByPageWhatIsNotSealed) {
  if (has_list()) GTEST_SKIP() << "the kernel's list says that nothing is sealed";
  is_well_in_a_child([&] {
    constexpr std::uint64_t kGiven = PROT_READ | PROT_WRITE;
    const auto whole = reinterpret_cast<std::uintptr_t>(at(0));
    const std::array sealed{
        Denied{SYS_mprotect, EPERM, {whole, kPages * kPageSize, kGiven}},
        Denied{SYS_mprotect, EPERM, {whole + kSealed * kPageSize, std::nullopt, kGiven}}};
    if (!deny(sealed)) return;
    (void)must(arena_->commit());
    write_all(2, kSealed);
    must(arena_->checkout(*before_));
    write_all(3, kSealed);
  });
}

TEST_P(WriterTraps, KeepTheProtectionsOfTheProgramWhereTheyCanBeSeen) {
  is_well_in_a_child([&] {
    if (mprotect(at(3), 2 * kPageSize, PROT_READ) != 0) return;
    must(arena_->checkout(*before_));
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return say("no pipe;");
    (void)!::write(ends[1], "x", 1);
    const bool written = read(ends[0], at(3), 1) == 1;  // the kernel's word, not a signal
    if (written == has_list()) say(written ? "it was opened;" : "it was closed;");
    write(2, 2);
    write(5, 2);
  });
}

INSTANTIATE_TEST_SUITE_P(By, WriterTraps, testing::Bool(), [](const auto& by) {
  return by.param ? "the_kernels_list" : "nothing_but_its_word";
});

}  // namespace
}  // namespace cleave::detail
