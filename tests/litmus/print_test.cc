#include "lab/litmus/print.h"

#include <gtest/gtest.h>

#include "lab/litmus/check.h"
#include "lab/litmus/parse/parse.h"
#include "random_test.h"

namespace lab::litmus {
namespace {

TEST(Print, GivesTextThatParsesToTheSameTest) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const auto test = RandomTest(seed).make();
    const std::string text = print(test);
    const auto again = parse(text);
    ASSERT_TRUE(again.has_value()) << "seed " << seed << "\n"
                                   << describe(again.error().front(), "random", text) << text;
    ASSERT_TRUE(*again == test) << "seed " << seed << "\n" << text << "\n" << print(*again);
    ASSERT_EQ(print(*again), text) << "seed " << seed;
  }
}

TEST(Print, TellsTestsApartThatDifferInOneWord) {
  const auto one = RandomTest(7).make();
  auto other = one;
  other.processes.front().threads.front().body.front().label = "changed";
  EXPECT_FALSE(one == other);
  EXPECT_NE(print(one), print(other));
}

TEST(Print, LaysATestOut) {
  const std::string text =
      "# of old\n"
      "litmus   t\n\"A  sentence\n over two lines.\"\n"
      "page x=0x10   # nothing yet\n"
      "huge y [ 4 ] = 1\n"
      "process P {thread main {fork C\n repeat 2 { write y[3].b 1 }}}\n"
      "process C from P {\n# does nothing\n}\n"
      "exists ((C:x = 1) /\\ (P:y != 2)) /\\ ~(~(C:x = 1 \\/ P:y = 3))";
  const std::string canonical =
      "# of old\n"
      "litmus t\n"
      "\"A sentence over two lines.\"\n"
      "\n"
      "page x = 16  # nothing yet\n"
      "huge y[4] = 1\n"
      "\n"
      "process P {\n"
      "  fork C\n"
      "  repeat 2 {\n"
      "    write y[3].b 1\n"
      "  }\n"
      "}\n"
      "\n"
      "process C from P {\n"
      "  # does nothing\n"
      "}\n"
      "\n"
      "exists C:x = 1 /\\ P:y != 2 /\\ ~~(C:x = 1 \\/ P:y = 3)\n";
  const auto test = parse(text);
  ASSERT_TRUE(test.has_value()) << describe(test.error().front(), "t", text);
  EXPECT_EQ(print(*test), canonical);
}

}  // namespace
}  // namespace lab::litmus
