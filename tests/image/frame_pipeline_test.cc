// Frames that a thread compresses beside the caller's.
#include "image/objects/frame_pipeline.h"

#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "image/format/id.h"
#include "tests/image/contents.h"
#include "tests/support/poor_process.h"
#include "tests/support/sanitized.h"
#include "tests/support/seccomp.h"

namespace cleave::detail::image {
namespace {

/// More than are compressed without a thread, and than wait at a time.
constexpr std::uint64_t kFrames = 1200;

OpenFrame frame_of(std::uint64_t number) {
  OpenFrame open;
  for (std::uint64_t i = 0; i <= number % 3; ++i) {
    const auto page = page_of_number(1 + 3 * number + i);
    open.add(hash(page), page);
  }
  return open;
}

// Empty: it is the next one that was given.
std::string what_is_wrong_with(const FramePipeline::Item& item, std::uint64_t number) {
  const OpenFrame expected = frame_of(number);
  if (item.part != number % 2 || item.open.ids != expected.ids) return "another was to come";
  const auto frame = decode_frame(item.encoded);
  if (!frame) return "it cannot be read";
  return frame->plain == expected.plain ? "" : "it has other bytes";
}

std::string give_and_take_all() {
  FramePipeline pipeline;
  std::uint64_t taken = 0;
  const auto take = [&](bool all) -> std::string {
    while (const auto item = pipeline.take(all)) {
      const std::string wrong = what_is_wrong_with(*item, taken);
      if (!wrong.empty()) return "frame " + std::to_string(taken) + ": " + wrong;
      ++taken;
    }
    return "";
  };
  for (std::uint64_t number = 0; number < kFrames; ++number) {
    pipeline.give(number % 2, frame_of(number));
    if (auto wrong = take(false); !wrong.empty()) return wrong;
  }
  if (auto wrong = take(true); !wrong.empty()) return wrong;
  return taken == kFrames ? "" : "some are missing";
}

TEST(FramesInAPipeline, ComeOutInTheOrderInWhichTheyWentIn) { EXPECT_EQ(give_and_take_all(), ""); }

TEST(FramesInAPipeline, ComeOutWhereNoThreadCanBeHad) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer has threads of its own";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    constexpr std::array kThreads{Denied{SYS_clone3, EPERM}, Denied{SYS_clone, EPERM}};
    if (!deny(kThreads)) return "";
    return give_and_take_all();
  }));
}

TEST(FramesInAPipeline, ThatNobodyTakesEndWithIt) {
  FramePipeline pipeline;
  for (std::uint64_t number = 0; number < kFrames; ++number) pipeline.give(0, frame_of(number));
}

// Of few, as of most pushes, no thread is worth it.
TEST(FramesInAPipeline, AreCompressedByWhoTakesThemWhereTheyAreFew) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer has threads of its own";
  EXPECT_TRUE(in_a_child([]() -> std::string {
    constexpr std::array kThreads{Denied{SYS_clone3, EPERM}, Denied{SYS_clone, EPERM}};
    if (!deny(kThreads)) return "";
    FramePipeline pipeline;
    for (std::uint64_t number = 0; number < 4; ++number)
      pipeline.give(number % 2, frame_of(number));
    if (pipeline.take(false)) return "one came that nobody had compressed";
    for (std::uint64_t number = 0; number < 4; ++number) {
      const auto item = pipeline.take(true);
      if (!item) return "some are missing";
      if (auto wrong = what_is_wrong_with(*item, number); !wrong.empty()) return wrong;
    }
    return "";
  }));
}

// In a child, an allocator may wait for a lock of its own that the other thread held at the fork.
constexpr const char* kNotWithASanitizer = "a sanitizer's allocator does not outlive such a fork";

TEST(FramesInAPipeline, AreNotWaitedForInAChildOfFork) {
  if (kSanitized) GTEST_SKIP() << kNotWithASanitizer;
  std::optional<FramePipeline> pipeline(std::in_place);
  for (std::uint64_t number = 0; number < kFrames; ++number) pipeline->give(0, frame_of(number));
  EXPECT_TRUE(in_a_child([&]() -> std::string {
    pipeline.reset();
    return "";
  }));
}

// As one whose program forks while it is told how far a fetch is: the thread that compresses may
// have its lock, or a frame in hand.
TEST(FramesInAPipeline, ComeOutInAChildOfForkToo) {
  if (kSanitized) GTEST_SKIP() << kNotWithASanitizer;
  for (int round = 0; round < 10; ++round) {
    FramePipeline pipeline;
    std::uint64_t taken = 0;
    const auto take_rest = [&]() -> std::string {
      for (std::uint64_t number = kFrames / 4; number < kFrames; ++number) {
        pipeline.give(number % 2, frame_of(number));
      }
      while (const auto item = pipeline.take(true)) {
        if (auto wrong = what_is_wrong_with(*item, taken++); !wrong.empty()) return wrong;
      }
      return taken == kFrames ? "" : "some are missing";
    };
    for (std::uint64_t number = 0; number < kFrames / 4; ++number) {
      pipeline.give(number % 2, frame_of(number));
    }
    if (round % 2 == 0 && pipeline.take(false)) ++taken;
    ASSERT_TRUE(in_a_child(take_rest));
    EXPECT_EQ(take_rest(), "");
  }
}

// Of large objects, as the nodes of a large image may be, fewer wait.
TEST(FramesInAPipeline, WaitByWhatTheyTakeOfMemory) {
  constexpr std::size_t kObject = std::size_t{1} << 20;
  FramePipeline pipeline;
  std::size_t waiting = 0;
  for (int i = 0; i < 40; ++i) {
    OpenFrame open;
    std::vector<std::byte> object(kObject, static_cast<std::byte>(i));
    open.add(hash(object), object);
    pipeline.give(0, std::move(open));
    ++waiting;
    while (pipeline.take(false)) --waiting;
    ASSERT_LE(waiting * kObject, std::size_t{8} << 20);
  }
}

}  // namespace
}  // namespace cleave::detail::image
