#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/error.h>
#include <cleave/must.h>

#include "base/fail.h"

namespace cleave::detail {
namespace {

using Owned = std::unique_ptr<int>;

Result<Owned> made(int n) { return std::make_unique<int>(n); }
Result<Owned> refused() { return fail(Errc::io, "refused"); }

// A value that bool converts to, and Result does too: which of its constructors is meant?
TEST(Result, IsCopiedAsItIs) {
  Result<bool> no(false);
  Result<bool> copy(no);
  EXPECT_FALSE(*copy);
  Result<bool> error = fail(Errc::io, "refused");
  copy = error;
  EXPECT_FALSE(copy.has_value());
  const Result<bool> moved(std::move(error));
  ASSERT_FALSE(moved.has_value());
  EXPECT_EQ(moved.error().code, Errc::io);
}

TEST(Result, IsMovedWhereItsValueIs) {
  Result<Owned> first = made(3);
  Result<Owned> second = std::move(first);
  EXPECT_EQ(**second, 3);
  second = refused();
  EXPECT_FALSE(second.has_value());
  second = made(4);
  EXPECT_EQ(**second, 4);
}

TEST(Result, MapsToAResult) {
  const auto length = Result<std::string>("four").map(&std::string::size);
  static_assert(std::is_same_v<decltype(length), const Result<std::size_t>>);
  EXPECT_EQ(*length, 4u);
  EXPECT_EQ(*made(3).map([](Owned n) { return *n; }), 3);
  EXPECT_EQ(refused().map([](const Owned& n) { return *n; }).error().code, Errc::io);
  EXPECT_EQ(*Result<void>().map([] { return 1; }), 1);
  EXPECT_TRUE(Result<int>(1).map([](int) {}).has_value());
}

TEST(Result, GoesOnWithAFunctionThatMayFailItself) {
  const auto more = [](Owned n) { return made(*n + 1); };
  EXPECT_EQ(*must(made(3).and_then(more).and_then(more)), 5);
  EXPECT_FALSE(refused().and_then(more).has_value());
  EXPECT_EQ(made(3).and_then([](Owned) { return refused(); }).error().code, Errc::io);
  EXPECT_TRUE(Result<void>().and_then([] { return Result<void>(); }).has_value());
  EXPECT_EQ(*Result<void>().and_then([]() -> Result<int> { return 7; }), 7);
}

TEST(Result, LendsTheValueOfAVariable) {
  Result<Owned> three = made(3);
  must(three.and_then([](Owned& n) {
    ++*n;
    return Result<void>();
  }));
  EXPECT_EQ(*std::as_const(three).map([](const Owned& n) { return *n; }), 4);
}

TEST(Result, GoesOnFromAFunctionOfTlExpected) {
  const auto plain = [](int n) -> tl::expected<int, Error> { return n + 1; };
  EXPECT_EQ(*Result<int>(1).and_then(plain).map([](int n) { return 2 * n; }), 4);
}

}  // namespace
}  // namespace cleave::detail
