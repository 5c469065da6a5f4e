// What a commit keeps beside the memory: bytes of the caller's, which it gives back as they were.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>

namespace cleave {
namespace {

using namespace literals;

std::string text_of(const Commit& commit) {
  return {reinterpret_cast<const char*>(commit.payload().data()), commit.payload().size()};
}
std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class Payloads : public testing::Test {
 protected:
  Pool pool_ = must(Pool::create(16_MiB));
  Arena arena_ = must(Arena::create(pool_, 64_KiB, {.tracking = Tracking::software}));
};

TEST_F(Payloads, AreCopiedAndGivenBackByEveryHandleOfTheCommit) {
  std::string registers = "rip and\0 rsp";
  const Commit made = must(arena_.commit("with registers", bytes_of(registers)));
  const std::string was = registers;
  registers.assign(registers.size(), '?');
  EXPECT_EQ(text_of(made), was);
  EXPECT_EQ(text_of(*arena_.find("with registers")), was);
  EXPECT_EQ(text_of(arena_.head()), was);
}

TEST_F(Payloads, AreTheirCommitsAlone) {
  const Commit first = arena_.head();
  const Commit with = must(arena_.commit({}, bytes_of("a")));
  const Commit without = must(arena_.commit());
  EXPECT_TRUE(first.payload().empty());
  EXPECT_EQ(text_of(with), "a");
  EXPECT_TRUE(without.payload().empty());
  must(arena_.checkout(with));
  EXPECT_EQ(text_of(arena_.head()), "a");
}

TEST_F(Payloads, OutliveTheirArena) {
  std::optional<Commit> kept;
  {
    Arena gone = must(Arena::create(pool_, 64_KiB));
    kept = must(gone.commit({}, bytes_of("a seed")));
  }
  EXPECT_EQ(text_of(*kept), "a seed");
}

TEST_F(Payloads, MayBeAsLongAsTheBoundAndNoLonger) {
  const std::vector<std::byte> most(kMostPayload.value, std::byte{7});
  const Commit made = must(arena_.commit({}, most));
  EXPECT_TRUE(std::ranges::equal(made.payload(), most));

  const std::vector<std::byte> more(kMostPayload.value + 1);
  const std::uint64_t living = arena_.statistics().living;
  const auto refused = arena_.commit("too much", more);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_argument);
  EXPECT_EQ(arena_.head(), made);
  EXPECT_EQ(arena_.statistics().living, living);
  EXPECT_FALSE(arena_.find("too much"));
}

}  // namespace
}  // namespace cleave
