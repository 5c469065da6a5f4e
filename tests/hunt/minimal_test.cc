// What is printed of a finding holds by itself, and has no part too many.
#include <gmock/gmock.h>

#include "lab/hunt/search/minimise.h"
#include "lab/judge/judge.h"
#include "lab/litmus/parse/parse.h"
#include "tests/hunt/hunted.h"

namespace lab::hunt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST(Findings, AreTestsThatTheJudgeAgreesWith) {
  const Options options =
      options_of({.rules = "A+D1+F", .words = "write,fork,get,pin,unmap,exit", .depth = 4});
  const Answer answer = hunted(options);
  ASSERT_THAT(answer.findings, Not(IsEmpty()));
  for (const auto& [key, finding] : answer.findings) {
    const auto test = litmus::parse(finding.litmus);
    ASSERT_TRUE(test.has_value()) << finding.litmus;
    for (const judge::Variant& variant : options.variants) {
      const auto judgement = judge::judge(*test, variant, explore::Memory::sc, {});
      ASSERT_TRUE(judgement.has_value()) << finding.litmus;
      const bool shows = std::ranges::find(finding.rules, variant.text) != finding.rules.end();
      EXPECT_EQ(judgement->verdict == litmus::Verdict::always, shows) << variant.text << '\n'
                                                                      << finding.litmus;
      EXPECT_EQ(judgement->standing, judge::Standing::expected) << finding.litmus;
    }
  }
}

TEST(Findings, OfRacesAreTestsToo) {
  const Options options = options_of({.rules = "C0+C1",
                                      .depth = 0,
                                      .race = "fork,pin write fast",
                                      .before_most = 0,
                                      .memories = {explore::Memory::sc}});
  const Answer answer = hunted(options);
  ASSERT_THAT(answer.findings, Not(IsEmpty()));
  for (const auto& [key, finding] : answer.findings) {
    const auto test = litmus::parse(finding.litmus);
    ASSERT_TRUE(test.has_value()) << finding.litmus;
    EXPECT_EQ(judge::judge(*test, options.variants[0], explore::Memory::sc, {})->verdict,
              litmus::Verdict::sometimes)
        << finding.litmus;
    EXPECT_EQ(judge::judge(*test, options.variants[1], explore::Memory::sc, {})->verdict,
              litmus::Verdict::never)
        << finding.litmus;
  }
}

// Its words, and nothing else, again: each program with one act less shows nothing of the kind.
TEST(Findings, HaveNoActTooMany) {
  const Options options = options_of({.words = "write,fork,get,pin,unmap,swapout"});
  const std::vector<Unit> all = units(options);
  Question question(options);
  Program program;
  program.start = options.starts.front();
  const auto act = [](litmus::Word word, std::uint8_t process) {
    spec::Act one;
    one.word = word;
    one.process = process;
    return one;
  };
  using litmus::Word;
  program.before = {act(Word::write, 0), act(Word::fork, 0), act(Word::swapout, 0),
                    act(Word::get, 1),   act(Word::read, 0), act(Word::unmap, 1),
                    act(Word::write, 0)};
  ASSERT_TRUE(question.ask(program, 0, explore::Memory::sc).has_value());
  program = minimise(program, 0, explore::Memory::sc, "leak", question);
  EXPECT_EQ(text(program), "small: P fork; C get x -> p; C unmap x; P write x 2");
  for (std::size_t i = 0; i < program.size(); ++i) {
    const auto shown = question.ask(without(program, i), 0, explore::Memory::sc);
    EXPECT_FALSE(shown && shown->kind == "leak") << i;
  }
}

TEST(Findings, WithoutATheForkLoseTheChild) {
  Program program;
  program.start = &starts().front();
  spec::Act fork, get, drop, write;
  fork.word = litmus::Word::fork;
  get.word = litmus::Word::get;
  get.process = drop.process = 1;
  drop.word = litmus::Word::drop;
  write.word = litmus::Word::write;
  program.before = {fork, get, write, drop};
  EXPECT_EQ(text(without(program, 0)), "small: P write x 2");
  EXPECT_EQ(text(without(program, 1)), "small: P fork; P write x 2");
}

}  // namespace
}  // namespace lab::hunt
