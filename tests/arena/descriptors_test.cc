// Descriptors are the program's: it may have closed those of the standard streams before there was
// any of ours, and may close ours with all others that it does not know. Nothing it prints or does
// then reaches the library's memory, and nothing that the library does reaches its files.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/file.h>
#include <cleave/ring.h>
#include <cleave/space.h>

#include "tests/arena/every_tracking.h"
#include "tests/support/poor_process.h"

namespace cleave::detail {
namespace {

using namespace literals;

bool is_open(int number) { return fcntl(number, F_GETFD) >= 0; }

std::string printed_into_ours() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (write(number, "printed", 7) >= 0) return std::to_string(number) + " is written to";
    if (is_open(number)) return std::to_string(number) + " is ours";
  }
  return "";
}

TEST(StandardStreams, ThatTheProgramHasClosedAreNotWhatTheLibraryOpens) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    const File null = must(open_file("/dev/null", OpenMode::read));
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) (void)close(number);
    Pool pool = must(Pool::create(64_MiB));
    if (auto wrong = printed_into_ours(); !wrong.empty()) return "pool: " + wrong;
    for (const Tracking tracking : every_choice()) {
      if (!try_tracking(tracking)) continue;
      Arena arena = must(Arena::create(pool, 1_MiB, {.tracking = tracking}));
      arena.mark_dirty(arena.data(), 1);
      arena.data()[0] = std::byte{1};
      const Commit one = must(arena.commit());
      if (auto wrong = printed_into_ours(); !wrong.empty()) return name(tracking) + (": " + wrong);
      if (one.pages() != 1) return std::string(name(tracking)) + ": it has lost a write";
    }
    Space space = must(Space::create(pool));
    const Address at = must(space.map(1_MiB));
    if (must(space.accessor().value().load<char>(at)) != 0) return "a zero is none";
    if (auto ring = Ring::create(pool)) {
      if (auto wrong = printed_into_ours(); !wrong.empty()) return "ring: " + wrong;
      if (!ring->start_read(space, at, null.descriptor(), 0, 4096)) return "no transfer";
      if (auto wrong = printed_into_ours(); !wrong.empty()) return "transfer: " + wrong;
    }
    const File file = must(open_file("/dev/null", OpenMode::update));
    return printed_into_ours();
  }));
}

std::vector<int> open_numbers() {
  std::vector<int> open;
  for (int number = STDERR_FILENO + 1; number < 256; ++number) {
    if (is_open(number)) open.push_back(number);
  }
  return open;
}

/// A file of the program's, which takes the place of one that it has closed.
class TheirFile {
 public:
  TheirFile() : number_(memfd_create("theirs", MFD_CLOEXEC)) {
    const std::vector<char> full(kSize, 'u');
    if (pwrite(number_, full.data(), kSize, 0) != kSize) std::abort();
  }
  void take(int number) const { (void)dup2(number_, number); }
  /// Empty: as it was, under each of the numbers.
  [[nodiscard]] std::string harm(const std::vector<int>& numbers) const {
    for (const int number : numbers) {
      if (!is_open(number)) return "a file of theirs was closed";
    }
    std::vector<char> now(kSize + 1);
    if (pread(number_, now.data(), now.size(), 0) != kSize) return "their file has another size";
    for (ssize_t i = 0; i < kSize; ++i) {
      if (now[static_cast<std::size_t>(i)] != 'u') return "their file was written to";
    }
    return "";
  }

 private:
  static constexpr ssize_t kSize = 1 << 20;
  int number_;
};

class ClosedDescriptors : public EveryTracking {
 protected:
  static constexpr std::size_t kPages = 64;

  static void write_all(Arena& arena, char what) {
    // Every second page, so that some have no memory yet; and more of them each time.
    for (std::size_t page = 0; page < kPages + std::size_t(what - 'a') * 8; page += 2) {
      write(arena, page * kPageSize, std::string(1, what));
    }
  }
  static bool holds(const Arena& arena, char what) {
    for (std::size_t page = 0; page < 2 * kPages; ++page) {
      const std::size_t end = kPages + std::size_t(what - 'a') * 8;
      const auto expected = page % 2 == 0 && page < end ? std::byte(what) : std::byte{0};
      if (arena.data()[page * kPageSize] != expected) return false;
    }
    return true;
  }

  /// What was done without an error is right; an error is told, and says whose doing it is.
  static std::string play(Arena& arena, const Commit& first) {
    for (char what = 'b'; what < 'e'; ++what) {
      write_all(arena, what);
      const auto commit = arena.commit();
      if (!commit) return said(commit.error());
      if (auto back = arena.checkout(first); !back) return said(back.error());
      if (!holds(arena, 'a')) return "a checkout left something behind";
      if (auto there = arena.checkout(*commit); !there) return said(there.error());
      if (!holds(arena, what)) return "a commit has lost something";
    }
    return "";
  }
  static std::string said(const Error& error) {
    return error.code == Errc::io || error.code == Errc::unsupported ? "" : error.message();
  }

  /// The library's descriptors are closed, all or the one at `which`, and replaced.
  static std::string closed(Tracking tracking, std::optional<std::size_t> which, bool replaced) {
    const TheirFile theirs;
    const std::vector<int> before = open_numbers();
    std::vector<int> ours;
    std::string wrong;
    {
      Pool pool = must(Pool::create(64_MiB));
      std::optional<Arena> arena(must(Arena::create(pool, 1_MiB, {.tracking = tracking})));
      write_all(*arena, 'a');
      std::optional<Commit> first(must(arena->commit()));
      for (const int number : open_numbers()) {
        if (std::find(before.begin(), before.end(), number) == before.end()) ours.push_back(number);
      }
      if (which) ours = {ours[*which % ours.size()]};
      for (const int number : ours) {
        (void)close(number);
        if (replaced) theirs.take(number);
      }
      wrong = play(*arena, *first);
      if (must(first->snapshot().load<char>(
              Address{reinterpret_cast<std::uintptr_t>(arena->data())})) != 'a') {
        return "a commit cannot be read any more";
      }
      first.reset();
      arena.reset();
      (void)pool.trim();
      // What is made from now on is whole.
      Arena next = must(Arena::create(pool, 1_MiB, {.tracking = tracking}));
      write_all(next, 'a');
      const Commit again = must(next.commit());
      write_all(next, 'c');
      must(next.checkout(again));
      if (!holds(next, 'a')) return "a new arena is wrong";
    }
    if (wrong.empty() && replaced) wrong = theirs.harm(ours);
    return wrong;
  }
};

TEST_P(ClosedDescriptors, EndAnArenaWithAWordAndLeaveTheProgramsFilesAlone) {
  for (const bool replaced : {false, true}) {
    EXPECT_TRUE(in_a_child([&] { return closed(GetParam(), std::nullopt, replaced); }))
        << "all, replaced: " << replaced;
    for (std::size_t which = 0; which < 5; ++which) {
      EXPECT_TRUE(in_a_child([&] { return closed(GetParam(), which, replaced); }))
          << which << ", replaced: " << replaced;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(By, ClosedDescriptors, every_tracking(), name_of_tracking);

}  // namespace
}  // namespace cleave::detail
