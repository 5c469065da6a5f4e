// A writer that is in the middle of entering its section for as long as two forks take.
#include <gtest/gtest.h>

#include "tests/explored/scenes.h"

namespace lab::engine {
namespace {

using explore::Memory;
using explore::Outcome;

// The first fork has ended, so that the page is its parent's alone again, and a stamp from before
// is even as the latest is.
Script two_forks_of_a_light_writer() {
  Seen seen = nothing_seen();
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            cleave::Accessor& writer = s.accessor_for(1);
            s.adapter.act_for(2);
            for (int i = 0; i < 5; ++i) must(writer.store<Count>(kA, 1));
            must(writer.store<Count>(kAlike, 1));  // kA has to be looked up again
            s.adapter.act_for(0);
          },
          [seen](Stage& s) -> std::vector<Part> {
            return {{"fork twice",
                     [&s, seen] {
                       s.spaces[2].emplace(must(s.spaces[0]->fork()));
                       s.spaces[2].end();
                       s.spaces[1].emplace(must(s.spaces[0]->fork()));
                       (*seen)[0] = get(*s.spaces[1], kA);
                     }},
                    {"store", [&s] { must(s.accessors[1]->store<Count>(kA, 2)); }}};
          },
          [seen](Stage& s, Outcome& outcome) -> std::string {
            outcome.note("child", (*seen)[0]);
            return get(*s.spaces[1], kA) == (*seen)[0] ? "" : "a fork changed after it was made";
          }};
}

TEST(ExploredForks, AreEachOneMomentForAWriterThatEnters) {
  expect_nothing_breaks(&two_forks_of_a_light_writer);
}

}  // namespace
}  // namespace lab::engine
