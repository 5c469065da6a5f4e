#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <type_traits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/error.h>
#include <cleave/must.h>

#include "base/check.h"
#include "base/fail.h"

namespace cleave::detail {
namespace {

using testing::HasSubstr;

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const Errc code : {Errc::no_memory, Errc::not_mapped, Errc::already_mapped,
                          Errc::not_permitted, Errc::bad_argument, Errc::unsupported, Errc::pinned,
                          Errc::too_many_pins, Errc::io, Errc::cancelled, Errc::already_exists}) {
    names.insert(name(code));
  }
  EXPECT_EQ(names.size(), 11u);
  EXPECT_EQ(names.count("unknown"), 0u);
  EXPECT_STREQ(name(Errc::not_mapped), "not_mapped");
}

TEST(Error, SaysWhatWhereAndWhy) {
  const Error error{Errc::no_memory, "the file is full", Address{0xabc000}, ENOSPC};
  EXPECT_THAT(error.message(), HasSubstr("no_memory"));
  EXPECT_THAT(error.message(), HasSubstr("the file is full"));
  EXPECT_THAT(error.message(), HasSubstr("0xabc000"));
  EXPECT_THAT(error.message(), HasSubstr("No space left"));
}

TEST(Error, LeavesOutWhatDoesNotMatter) {
  const Error error{Errc::bad_argument, "the size is zero"};
  EXPECT_EQ(error.message(), "bad_argument: the size is zero");
}

TEST(Error, IsCopiedWithoutAnAllocation) { EXPECT_TRUE(std::is_trivially_copyable_v<Error>); }

TEST(Error, FitsAnyResult) {
  const Result<std::string> text = fail(Errc::not_mapped, "nothing there", Address{0x1000});
  const Result<void> nothing = fail(Errc::not_mapped, "nothing there", Address{0x1000});
  ASSERT_FALSE(text);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(text.error().where, nothing.error().where);
}

TEST(Must, GivesTheValueEvenIfItCanOnlyBeMoved) {
  EXPECT_EQ(must(Result<int>(7)), 7);
  EXPECT_EQ(*must(Result<std::unique_ptr<int>>(std::make_unique<int>(8))), 8);
  must(Result<void>());
}

TEST(MustDeathTest, AbortsWithTheCallersPlaceAndTheMessage) {
  EXPECT_DEATH(must(Result<int>(fail(Errc::no_memory, "nothing left"))),
               "error_test.cc:[0-9]+: no_memory: nothing left");
  EXPECT_DEATH(must(Result<void>(fail(Errc::no_memory, "nothing left"))), "no_memory");
}

TEST(CheckDeathTest, ABrokenPreconditionStopsTheProgramAndSaysWhich) {
  const int one = 1;
  EXPECT_DEATH(CLEAVE_CHECK(one == 2, "one was not two"), "one was not two\n.*one == 2");
}

TEST(Check, WhatHoldsIsAskedOnceAndPasses) {
  int asked = 0;
  CLEAVE_CHECK(++asked == 1, "asked more than once");
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace cleave::detail
