#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/function_ref.h>

namespace cleave {
namespace {

int doubled(int n) { return 2 * n; }

int applied(function_ref<int(int)> f) { return f(21); }

void visited(function_ref<void(int)> visit) { visit(21); }

TEST(FunctionRef, CallsFunctionsAndPointersToThem) {
  int (*pointer)(int) = doubled;
  EXPECT_EQ(applied(doubled), 42);
  EXPECT_EQ(applied(&doubled), 42);
  EXPECT_EQ(applied(pointer), 42);
}

TEST(FunctionRef, CallsTheObjectItselfAndNotACopy) {
  int calls = 0;
  auto counting = [calls = 0, &seen = calls](int n) mutable {
    seen = ++calls;
    return n;
  };
  (void)applied(counting);
  (void)applied(counting);
  EXPECT_EQ(calls, 2);
}

TEST(FunctionRef, CallsWhatIsConst) {
  const auto adding = [](int n) { return n + 1; };
  EXPECT_EQ(applied(adding), 22);
  EXPECT_EQ(applied(std::as_const(adding)), 22);
}

TEST(FunctionRef, DropsAResultThatNoOneAskedFor) {
  std::string all;
  visited([&all](int n) -> std::string& { return all += std::to_string(n); });
  EXPECT_EQ(all, "21");
  visited(doubled);
}

TEST(FunctionRef, PassesWhatCanOnlyBeMoved) {
  const auto held = [](std::unique_ptr<int> n) { return *n; };
  function_ref<int(std::unique_ptr<int>)> f = held;
  EXPECT_EQ(f(std::make_unique<int>(3)), 3);
}

TEST(FunctionRef, CopiesReferToTheSame) {
  int calls = 0;
  const auto counting = [&calls] { ++calls; };
  function_ref<void()> first = counting;
  function_ref<void()> second = first;
  first();
  second();
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace cleave
