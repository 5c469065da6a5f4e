// What people get wrong, and what they are told.
#include "lab/litmus/diagnostic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/litmus/parse/parse.h"

namespace lab::litmus {
namespace {

using testing::HasSubstr;

// The message about a file that is right but for what is asked about.
std::string told(const std::string& text) {
  const auto test = parse(text);
  return test ? "nothing" : describe(test.error().front(), "t.litmus", text);
}

std::string with_statement(const std::string& statement) {
  return "litmus t\n\"a\"\npage x\npage yy\nprocess P {\n  p = get x\n  read x -> r\n  " +
         statement + "\n}\nforbidden P:r = 1\n";
}

std::string with_end(const std::string& end) {
  return "litmus t\n\"a\"\npage x\nprocess P {\n  p = get x\n  read x -> r\n}\n" + end + "\n";
}

TEST(Fault, IsToldWithPathPlaceLineCaretAndAdvice) {
  EXPECT_EQ(told(with_statement("write z 1")),
            "t.litmus:8:9: there is no page z\n"
            " 8 |   write z 1\n"
            "   |         ^\n"
            "  pages: x, yy; add one with `page z = 0` before the first process\n");
}

TEST(Fault, OfAFileThatIsRightIsNone) { EXPECT_EQ(told(with_statement("drop p")), "nothing"); }

TEST(Fault, OfAWordNamesOneThatIsNear) {
  EXPECT_THAT(told(with_statement("swpout x")), HasSubstr("8:3: there is no word `swpout`"));
  EXPECT_THAT(told(with_statement("swpout x")), HasSubstr("perhaps `swapout`?"));
  EXPECT_THAT(told(with_statement("frobnicate x")),
              HasSubstr("docs/reference/litmus.md lists all words"));
}

TEST(Fault, OfAnOperandTellsHowTheWordIsWritten) {
  EXPECT_THAT(told(with_statement("write x")),
              HasSubstr("8:10: expected a number, found the end of the line"));
  EXPECT_THAT(told(with_statement("write x 1 2")), HasSubstr("write `write PAGE[.b] NUMBER`"));
  EXPECT_THAT(told(with_statement("read x")), HasSubstr("write `read PAGE[.b] -> REGISTER`"));
  EXPECT_THAT(told(with_statement("get x")), HasSubstr("what `get` takes needs a name"));
  EXPECT_THAT(told(with_statement("q = unmap x")), HasSubstr("`unmap` gives no reference"));
  EXPECT_THAT(told(with_statement("protect x wr")), HasSubstr("expected `none`, `ro` or `rw`"));
  EXPECT_THAT(told(with_statement("q = get x long")), HasSubstr("only a pin can last long"));
  EXPECT_THAT(told(with_statement("unmap x.b")), HasSubstr("here a page is meant"));
}

TEST(Fault, OfANameListsTheNamesThatAreKnown) {
  EXPECT_THAT(told(with_statement("drop q")),
              HasSubstr("references: p; take one with `q = get x`"));
  EXPECT_THAT(told(with_statement("fork C")), HasSubstr("processes: P"));
  EXPECT_THAT(told(with_statement("wait here")), HasSubstr("no thread signals here"));
  EXPECT_THAT(told(with_statement("wait P.exit")), HasSubstr("write `exit` in P"));
  EXPECT_THAT(told(with_statement("if q = 1 { drop p }")), HasSubstr("registers of P.main: r"));
  EXPECT_THAT(told(with_end("forbidden P:q = 1")), HasSubstr("registers of P.main: r"));
  EXPECT_THAT(told(with_end("forbidden P.t:r = 1")), HasSubstr("P has no thread t"));
  EXPECT_THAT(told(with_end("forbidden coherent(q)")), HasSubstr("references: p"));
  EXPECT_THAT(told(with_end("forbidden pinned(x)")), HasSubstr("name the process: `P:x`"));
  EXPECT_THAT(told(with_end("exists P:r = 1\nreach there")), HasSubstr("write `there: ` before"));
}

TEST(Fault, OfALargePageSaysWhichPagesItHas) {
  EXPECT_THAT(told(with_statement("write x[1] 1")), HasSubstr("x is one page"));
  EXPECT_THAT(told("litmus t\n\"a\"\nhuge x[4]\nprocess P {\n write x[4] 1\n}\nexists P:x = 1"),
              HasSubstr("it has pages 0 to 3"));
  EXPECT_THAT(told("litmus t\n\"a\"\nhuge x\nprocess P {\n}\nexists P:x = 1"),
              HasSubstr("write how many pages it has: `huge x[4]`"));
}

TEST(Fault, OfAForkSaysWhoForksWhom) {
  EXPECT_THAT(told(with_end("process C {\n}\nexists P:r = 1")), HasSubstr("who forks C?"));
  EXPECT_THAT(told(with_end("process C from P {\n}\nexists P:r = 1")),
              HasSubstr("write `fork C` where P does it"));
  const std::string child = "}\nprocess C from P {\n  fork C\n";
  EXPECT_THAT(told(with_statement("fork C\n" + child)), HasSubstr("C is forked twice"));
  EXPECT_THAT(told(with_statement("repeat 2 { fork C }\n}\nprocess C from P {")),
              HasSubstr("a process is forked once"));
}

TEST(Fault, OfTheEndSaysWhatAnEndIs) {
  EXPECT_THAT(told(with_end("never P:r = 1")), HasSubstr("`forbidden`, `exists`, `allowed`"));
  EXPECT_THAT(told(with_end("forbidden P:r < 1")), HasSubstr("means nothing here"));
  EXPECT_THAT(told(with_end("forbidden P:r")), HasSubstr("expected `=` or `!=`"));
  EXPECT_THAT(told(with_end("forbidden stale(p)")), HasSubstr("an atom is `C:r = 1`"));
  EXPECT_THAT(told(with_end("exists P:r = 1\nexpect A: perhaps")),
              HasSubstr("a verdict is never, sometimes, always, hang, broken, or -"));
  EXPECT_THAT(told(with_end("exists P:r = 1\nexpect A..B,bias=4: never")),
              HasSubstr("a range cannot be changed"));
  EXPECT_THAT(told(with_end("exists P:r = 1\nwrite x 1")),
              HasSubstr("`expect`, `reach` or the end"));
}

TEST(Fault, OfWhatCannotHappenIsToldToo) {
  EXPECT_THAT(told(with_statement("exit\n drop p")), HasSubstr("9:2: unreachable"));
  EXPECT_THAT(told(with_statement("repeat 9999 { repeat 9999 { drop p } }")),
              HasSubstr("takes too many steps"));
  EXPECT_THAT(told(with_statement("write x 0x100000000")), HasSubstr("a value has 32 bits"));
  EXPECT_THAT(told(with_statement("write x 99999999999999999999")), HasSubstr("is too large"));
}

TEST(Fault, OfManyKindsIsToldAllAtOnce) {
  const auto test = parse(with_statement("write z 1\n  drop q"));
  ASSERT_FALSE(test.has_value());
  ASSERT_EQ(test.error().size(), 2U);
  EXPECT_EQ(test.error()[0].at.line, 8U);
  EXPECT_EQ(test.error()[1].at.line, 9U);
}

TEST(Fault, InALineThatIsVeryLongIsStillShown) {
  const std::string text = with_statement("write x " + std::string(500, ' ') + "y");
  EXPECT_THAT(told(text), HasSubstr("expected a number, found `y`"));
  EXPECT_THAT(told(text), testing::Not(HasSubstr(std::string(200, ' '))));
}

}  // namespace
}  // namespace lab::litmus
