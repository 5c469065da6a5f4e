// A token makes the same run again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/explore/trace/trace.h"
#include "tests/explore/programs.h"
#include "tests/explore/random_program.h"

namespace lab::explore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Replay, OfATokenIsTheSameRun) {
  int replayed = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto bodies = RandomProgram::draw(seed, {.threads = 3, .statements = 3});
    const Factory factory = [&] { return std::make_unique<RandomProgram>(bodies, false); };
    for (const Memory memory : {Memory::sc, Memory::tso, Memory::ra}) {
      const Options options{.memory = memory, .max_runs = 2000, .check_runs = 0};
      const auto result = explore(factory, options);
      for (const Seen& seen : result->outcomes) {
        const auto trace = record(factory, options, seen.witness);
        ASSERT_TRUE(trace) << trace.error().what;
        ASSERT_EQ(trace->outcome, seen.outcome) << "seed " << seed;
        const auto again = replay(factory, trace->token());
        ASSERT_TRUE(again) << again.error().what;
        ASSERT_EQ(again->hash, trace->hash);
        ASSERT_EQ(again->schedule, trace->schedule);
        ++replayed;
      }
      for (const Failure& failure : result->failures) {
        const auto trace = record(factory, options, failure.witness);
        ASSERT_TRUE(trace) << trace.error().what;
        if (failure.kind == Failure::Kind::broken) {
          ASSERT_EQ(trace->broken, failure.what);
        } else {
          ASSERT_EQ(trace->standstill, failure.what);
        }
      }
    }
  }
  EXPECT_GT(replayed, 200);
}

Factory message_passing() {
  return sketch({[](Sketch& s) {
                   operation("send");
                   put("x = 1", s.x, 1);
                   put("y = 1", s.y, 1);
                 },
                 [](Sketch& s) {
                   operation("receive");
                   const int flag = s.load(s.y);
                   s.note("r0", flag + s.load(s.x));
                 }});
}

TEST(Trace, TellsWhoDidWhatToWhichVariable) {
  const auto trace = record(message_passing(), {}, {{0, 0}, {0, 0}, {1, 0}, {1, 0}});
  ASSERT_TRUE(trace);
  EXPECT_THAT(trace->threads, ElementsAre("P0", "P1"));
  ASSERT_EQ(trace->events.size(), 4u);
  const Event& store = trace->events[0];
  EXPECT_EQ(store.label, "x = 1");
  EXPECT_EQ(store.operation, "send");
  ASSERT_EQ(store.touched.size(), 1u);
  EXPECT_EQ(store.touched[0].variable, "x");
  EXPECT_EQ(store.touched[0].before, 0u);
  EXPECT_EQ(store.touched[0].after, 1u);
  EXPECT_EQ(store.touched[0].touch, kWrite);
  EXPECT_EQ(trace->events[2].touched[0].touch, kRead);
  EXPECT_TRUE(trace->before(0, 1)) << "in the order of the thread";
  EXPECT_TRUE(trace->before(1, 2)) << "the flag was read";
  EXPECT_TRUE(trace->before(0, 3));
  EXPECT_FALSE(trace->before(2, 1));
  EXPECT_EQ(*trace->outcome.find("r0"), 2u);
}

TEST(Trace, UnderTsoShowsStoresGoingInAndComingOut) {
  const Actor buffer = flush_of(0);
  const auto trace = record(message_passing(), {.memory = Memory::tso},
                            {{1, 0}, {buffer, 0}, {1, 0}, {buffer, 0}});
  ASSERT_TRUE(trace) << trace.error().what;
  std::vector<Event::Kind> kinds;
  for (const Event& event : trace->events) kinds.push_back(event.kind);
  using Kind = Event::Kind;
  EXPECT_THAT(kinds,
              ElementsAre(Kind::put, Kind::put, Kind::step, Kind::flush, Kind::step, Kind::flush));
  EXPECT_EQ(trace->events[3].label, "x = 1");
  EXPECT_TRUE(trace->before(0, 3)) << "put before it comes out";
  EXPECT_TRUE(trace->before(3, 4)) << "and out before it is read";
  EXPECT_FALSE(trace->before(1, 4));
}

TEST(Token, IsShortAndReadable) {
  const auto trace =
      record(message_passing(), {.drop = {"a", "b"}}, {{0, 0}, {0, 0}, {1, 0}, {1, 0}});
  EXPECT_THAT(trace->token(), testing::MatchesRegex("1:sc:a,b:0x2,1x2:[0-9a-f]{8}"));
  const auto token = parse_token("1:tso::0x3,1f,2=1,0:1f");
  ASSERT_TRUE(token) << token.error().what;
  EXPECT_EQ(token->memory, Memory::tso);
  EXPECT_EQ(token->schedule, (Schedule{{0, 0}, {0, 0}, {0, 0}, {flush_of(1), 0}, {2, 1}, {0, 0}}));
  EXPECT_EQ(token->hash, 0x1fu);
}

TEST(Token, OfRaSaysWhichMessagesWereRead) {
  const auto trace = record(message_passing(), {.memory = Memory::ra, .drop = {"take~relaxed"}},
                            {{0, 0}, {1, 0}, {1, 1}, {0, 0}});
  ASSERT_TRUE(trace) << trace.error().what;
  EXPECT_THAT(trace->token(), testing::MatchesRegex("1:ra:take~relaxed:0,1,1=1,0:[0-9a-f]{8}"));
  ASSERT_EQ(trace->events.size(), 4u);
  EXPECT_THAT(trace->events[2].decided, ElementsAre("reads 0 of x, not 1"));
  EXPECT_EQ(trace->events[2].touched[0].before, 0u) << "what it saw";
  EXPECT_EQ(replay(message_passing(), trace->token())->hash, trace->hash);
}

TEST(Token, ThatIsNoneIsRefusedWithThePlace) {
  for (const char* text :
       {"", "x", "1", "1:", "1:rc11::0:0", "1:sc::a:0", "1:sc::0x:0", "1:sc::0x0:0", "1:sc::99:0",
        "1:sc::0,:0", "1:sc::0", "1:sc::0:", "1:sc::0:zz", "1:sc::0:0 ", "1:sc::0x99999999:0",
        "1:sc::0=:0", "1:sc:a"}) {
    const auto token = parse_token(text);
    ASSERT_FALSE(token) << text;
    EXPECT_THAT(token.error().what, HasSubstr("at character")) << text;
  }
  EXPECT_THAT(parse_token("2:sc::0:0").error().what, HasSubstr("version 2"));
}

TEST(Token, OfAnotherProgramIsRefused) {
  const auto trace = record(message_passing(), {}, {{0, 0}, {0, 0}, {1, 0}, {1, 0}});
  const std::string token = trace->token();
  const auto shorter = replay(sketch({[](Sketch& s) { put("x = 1", s.x, 1); }}), token);
  EXPECT_THAT(shorter.error().what, HasSubstr("does not follow the schedule at step 2"));
  const auto other = replay(sketch({[](Sketch& s) { put("x = 2", s.x, 2), put("y", s.y, 1); },
                                    [](Sketch& s) { (void)s.load(s.y), (void)s.load(s.x); }}),
                            token);
  EXPECT_THAT(other.error().what, HasSubstr("stale"));
}

}  // namespace
}  // namespace lab::explore
