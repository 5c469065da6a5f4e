// Huge entries, and the one mark that goes with each.
#include <gtest/gtest.h>

#include "tests/judge/judged.h"

namespace lab::model {
namespace {

void expect_never(const std::string& text) {
  const auto test = litmus::parse("litmus t\n\"a\"\n" + text);
  ASSERT_TRUE(test.has_value());
  for (const judge::Variant& each : judge::all_variants()) {
    const auto judgement = judge::judge(*test, each, explore::Memory::sc, {});
    ASSERT_TRUE(judgement.has_value()) << judgement.error().what;
    EXPECT_EQ(judgement->verdict, litmus::Verdict::never)
        << each.text << (judgement->failures.empty() ? "" : ": " + judgement->failures[0].what);
  }
}

TEST(HugePage, MayStaySharedByHugeEntriesToTheEnd) {
  expect_never(
      "huge x[2] = 1\nprocess P {\n fork C\n}\nprocess C from P {\n read x[1] -> r\n}\n"
      "forbidden C:r != 1\n");
}

TEST(HugePage, ThatCollapsedFromMarkedPagesMayBeShared) {
  expect_never(
      "folio x[2] = 1\nprocess P {\n write x[1] 5\n collapse x\n fork C\n}\n"
      "process C from P {\n read x[1] -> r\n}\nforbidden C:r = 1\n");
}

// A region ends where fork is told otherwise, and no huge entry reaches across.
TEST(HugePage, WhosePagesForksAreToldDifferentThingsOfIsSplit) {
  for (const char* told : {"wipeonfork", "dontfork"}) {
    for (const unsigned page : {0u, 1u}) {
      SCOPED_TRACE(std::string(told) + " x[" + std::to_string(page) + "]");
      expect_never("huge x[2] = 1\nprocess P {\n " + std::string(told) + " x[" +
                   std::to_string(page) + "]\n fork C\n}\nprocess C from P {\n read x[" +
                   std::to_string(1 - page) + "] -> r\n}\nforbidden C:r != 1\n");
    }
  }
}

TEST(HugePage, ThatIsWipedOnForkAsAWholeIsZeroInTheChild) {
  expect_never(
      "huge x[2] = 1\nprocess P {\n wipeonfork x\n fork C\n read x[1] -> p\n}\n"
      "process C from P {\n read x[0] -> r\n read x[1] -> s\n}\n"
      "forbidden C:r != 0 \\/ C:s != 0 \\/ P:p != 1\n");
}

}  // namespace
}  // namespace lab::model
