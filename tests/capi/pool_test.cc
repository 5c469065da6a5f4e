#include <array>
#include <cerrno>
#include <cstring>

#include "tests/capi/owned.h"

namespace cleave::c {
namespace {

using testing::HasSubstr;

TEST(CError, NamesEveryCode) {
  EXPECT_STREQ(cleave_code_name(CLEAVE_OK), "ok");
  for (cleave_code code = CLEAVE_OK; code <= CLEAVE_ALREADY_EXISTS; ++code)
    EXPECT_STRNE(cleave_code_name(code), "unknown") << code;
  EXPECT_STREQ(cleave_code_name(CLEAVE_NO_MEMORY), "no_memory");
  EXPECT_STREQ(cleave_code_name(CLEAVE_ALREADY_EXISTS), "already_exists");
  EXPECT_STREQ(cleave_code_name(CLEAVE_ALREADY_EXISTS + 1), "unknown");
  EXPECT_STREQ(cleave_code_name(-1), "unknown");
  EXPECT_STREQ(cleave_code_name(1000), "unknown");
}

TEST(CError, TellsAPersonWhatWhereAndWhy) {
  const cleave_error error{CLEAVE_NOT_MAPPED, ENOENT, 0x1234, "nothing is there"};
  EXPECT_EQ(message(error), "not_mapped: nothing is there (at 0x1234) (No such file or directory)");
  EXPECT_EQ(message({CLEAVE_ALREADY_EXISTS, 0, 0, "a name"}), "already_exists: a name");
  EXPECT_EQ(message({CLEAVE_OK, 0, 0, nullptr}), "ok");
}

TEST(CError, CutsAMessageThatDoesNotFitAndSaysHowLongItIs) {
  const cleave_error error{CLEAVE_IO, 0, 0, "text"};
  std::array<char, 6> small{};
  EXPECT_EQ(cleave_error_message(&error, small.data(), small.size()), std::strlen("io: text"));
  EXPECT_STREQ(small.data(), "io: t");
  EXPECT_EQ(cleave_error_message(&error, nullptr, 0), std::strlen("io: text"));
}

TEST(CPool, RefusesABudgetOfNoPage) {
  cleave_error error{};
  EXPECT_EQ(cleave_pool_create(100, &error), nullptr);
  EXPECT_EQ(error.code, CLEAVE_BAD_ARGUMENT);
  EXPECT_NE(error.what, nullptr);
  EXPECT_EQ(cleave_pool_create(100, nullptr), nullptr) << "who asks no questions gets no answers";
}

TEST(CPool, LetsNullBeReleased) {
  cleave_pool_release(nullptr);
  cleave_space_release(nullptr);
  cleave_snapshot_release(nullptr);
  cleave_accessor_release(nullptr);
  cleave_pin_release(nullptr);
  cleave_hold_release(nullptr);
  cleave_arena_release(nullptr);
  cleave_commit_release(nullptr);
  cleave_heap_release(nullptr);
}

TEST(CPool, LastsUntilTheLastOfWhatWasMadeFromIt) {
  cleave_error error{};
  OwnedPool pool(cleave_pool_create(1 << 20, &error));
  OwnedSpace space(cleave_space_create(pool.get(), &error));
  pool.reset();
  ASSERT_EQ(cleave_space_map_at(space.get(), 0, 4096, CLEAVE_READ_WRITE, &error), CLEAVE_OK);
  ASSERT_EQ(cleave_space_write(space.get(), 0, "kept", 4, &error), CLEAVE_OK) << message(error);
  OwnedSnapshot snapshot(cleave_space_snapshot(space.get(), &error));
  OwnedPin pin(cleave_space_pin(space.get(), 0, 4096, CLEAVE_PIN_READ, CLEAVE_LONG_TERM, &error));
  OwnedHold hold(cleave_space_hold(space.get(), 0, 4096, &error));
  space.reset();
  pin.reset();
  snapshot.reset();
  std::array<char, 4> seen{};
  EXPECT_EQ(cleave_hold_read(hold.get(), 0, seen.data(), 4, &error), CLEAVE_OK);
  EXPECT_EQ(std::memcmp(seen.data(), "kept", 4), 0);
}

class CPools : public InC {};

TEST_F(CPools, SayThatTheyHaveNoBacking) { EXPECT_EQ(cleave_pool_has_backing(pool.get()), 0); }

TEST_F(CPools, CountTheirFrames) {
  const auto before = figures();
  EXPECT_EQ(before.budget, (64u << 20) / 4096);
  OwnedSpace space(cleave_space_create(pool.get(), &error));
  ok(cleave_space_map_at(space.get(), 0, 1 << 20, CLEAVE_READ_WRITE, &error));
  ok(cleave_space_write(space.get(), 0, "x", 1, &error));
  EXPECT_EQ(figures().used, 1u);
  EXPECT_EQ(figures().spaces, 1u);
  EXPECT_EQ(figures().zeroed, before.zeroed + 1);
}

TEST_F(CPools, ProvideMemoryAheadAndGiveItBack) {
  ok(cleave_pool_reserve(pool.get(), 1 << 20, &error));
  EXPECT_GE(figures().ready + figures().free, 256u);
  std::uint64_t returned = 0;
  ok(cleave_pool_trim(pool.get(), &returned, &error));
  EXPECT_LE(returned, 64u << 20);
  EXPECT_EQ(cleave_pool_reserve(pool.get(), 65 << 20, &error), CLEAVE_NO_MEMORY);
}

TEST_F(CPools, GiveACallerOfAnEarlierHeaderItsPartOfTheFigures) {
  cleave_pool_statistics s{};
  s.used = s.free = 77;
  s.size = offsetof(cleave_pool_statistics, used);
  ok(cleave_pool_get_statistics(pool.get(), &s, &error));
  EXPECT_EQ(s.budget, (64u << 20) / 4096);
  EXPECT_EQ(s.used, 77u) << "this lies beyond what the caller knows of";
}

TEST_F(CPools, GiveACallerOfALaterHeaderZeroesForWhatTheyDoNotKnow) {
  struct {
    cleave_pool_statistics s;
    std::uint64_t later;
  } longer{};
  longer.s.size = sizeof longer;
  longer.later = 77;
  ok(cleave_pool_get_statistics(pool.get(), &longer.s, &error));
  EXPECT_EQ(longer.s.budget, (64u << 20) / 4096);
  EXPECT_EQ(longer.s.size, sizeof longer);
  EXPECT_EQ(longer.later, 0u);
}

TEST_F(CPools, AskForTheSizeOfTheFigures) {
  cleave_pool_statistics s{};
  EXPECT_EQ(cleave_pool_get_statistics(pool.get(), &s, &error), CLEAVE_BAD_ARGUMENT);
  EXPECT_THAT(message(error), HasSubstr("size"));
}

}  // namespace
}  // namespace cleave::c
