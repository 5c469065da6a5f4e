// Whatever bytes a file holds, parse() answers: with a test that prints and parses again, or with
// diagnostics that point into the file.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "lab/litmus/parse/parse.h"
#include "lab/litmus/print.h"
#include "random_test.h"

namespace lab::litmus {
namespace {

void answer(const std::string& text) {
  const auto test = parse(text);
  if (test) {
    const std::string canonical = print(*test);
    const auto again = parse(canonical);
    ASSERT_TRUE(again.has_value()) << canonical;
    ASSERT_TRUE(*again == *test) << canonical;
    return;
  }
  ASSERT_FALSE(test.error().empty());
  const auto lines = 1 + static_cast<std::size_t>(std::ranges::count(text, '\n'));
  for (const Diagnostic& diagnostic : test.error()) {
    ASSERT_GE(diagnostic.at.line, 1U) << diagnostic.what;
    ASSERT_LE(diagnostic.at.line, lines) << diagnostic.what;
    ASSERT_FALSE(diagnostic.what.empty());
    ASSERT_NE(describe(diagnostic, "garbage", text).find('^'), std::string::npos);
  }
}

TEST(Garbage, OfRandomBytesIsAnswered) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 200, '\0');
    for (char& c : text) c = static_cast<char>(random());
    answer(text);
  }
}

TEST(Garbage, OfTheLanguagesOwnWordsIsAnswered) {
  std::vector<std::string> words{
      "litmus", "page", "process", "thread", "from",    "forbidden", "expect", "reach", "x",
      "P",      "p",    "r",       "{",      "}",       "(",         ")",      "/\\",   "\\/",
      "~",      "=",    "->",      "\n",     "\"a\"",   "1",         ".",      "..",    ":",
      ";",      ",",    "if",      "repeat", "# c\n",   "[",         "]",      "fast",  "tso",
      "source", "huge", "held",    "swap",   "coherent"};
  for (const Syntax& syntax : vocabulary()) words.emplace_back(syntax.name);
  std::mt19937 random(2);
  for (int i = 0; i < 3000; ++i) {
    std::string text = i % 2 == 0 ? "litmus t\n\"a\"\npage x\nprocess P {\n" : "";
    for (auto count = random() % 60; count > 0; --count)
      text += words[random() % words.size()] + ' ';
    answer(text);
  }
}

TEST(Garbage, OfTestsWithAFewChangedBytesIsAnswered) {
  std::mt19937 random(3);
  for (unsigned seed = 0; seed < 1500; ++seed) {
    std::string text = print(RandomTest(seed).make());
    for (auto count = 1 + random() % 4; count > 0 && !text.empty(); --count) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 20);
          break;
        case 1:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
          break;
        case 2:
          text.resize(at);
          break;
        default:
          text[at] = static_cast<char>(random());
      }
    }
    answer(text);
  }
}

TEST(Garbage, NestedDeeperThanAnybodyWritesIsRefused) {
  std::string blocks = "litmus t\n\"a\"\nprocess P {\n";
  std::string terms = "litmus t\n\"a\"\nprocess P {\n}\nforbidden ";
  for (int i = 0; i < 100'000; ++i) {
    blocks += "repeat 1 {";
    terms += i % 2 == 0 ? "~" : "(";
  }
  answer(blocks);
  answer(terms);
  EXPECT_FALSE(parse(blocks).has_value());
  EXPECT_FALSE(parse(terms).has_value());
}

TEST(Garbage, OfMoreThanAMebibyteIsRefused) {
  const auto test = parse(std::string((1 << 20) + 1, ' '));
  ASSERT_FALSE(test.has_value());
  EXPECT_NE(test.error().front().what.find("larger than 1 MiB"), std::string::npos);
}

}  // namespace
}  // namespace lab::litmus
