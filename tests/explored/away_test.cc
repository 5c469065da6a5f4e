// Pages that go and come, in every order with what other threads do to them; and each look and wait
// of the protocol left out once.
#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lab/engine/calls.h"
#include "tests/explored/beside.h"

namespace lab::engine {
namespace {

TEST(EngineAway, WhatACallComesToIsTheSameWhileAPageGoes) {
  try_beside(all_evictions(1, 1), "an eviction", 1, 1, explore::Memory::sc);
}

TEST(EngineAway, WhatACallComesToIsTheSameWithStoreBuffers) {
  try_beside(all_evictions(1, 1), "an eviction", 1, 1, explore::Memory::tso);
}

struct LeftOutOfGoing {
  const char* name;
  Calls calls;
  explore::Memory memory = explore::Memory::sc;
  /// Where it would take too many runs to come there in order.
  explore::Search search = explore::Search::dpor;
};

std::vector<LeftOutOfGoing> all_left_out_of_going() {
  using enum Call;
  using explore::Memory;
  const std::vector<Before> here{Before::backing};
  const std::vector<Before> warm{Before::warm, Before::backing};
  const std::vector<Before> away{Before::away};
  const std::vector<Before> pinned{Before::pin, Before::backing};
  return {LeftOutOfGoing{"going.pinned", {pinned, {{store}, {evict}}}},
          LeftOutOfGoing{"going.stop", {here, {{store}, {evict}}}},
          LeftOutOfGoing{"going.stopped", {here, {{store}, {evict}}}},
          LeftOutOfGoing{"going.invalidate", {warm, {{store}, {evict}}}},
          LeftOutOfGoing{"going.heavy", {warm, {{store}, {evict}}}, Memory::tso},
          LeftOutOfGoing{"going.wait", {here, {{store}, {evict}}}},
          LeftOutOfGoing{"pin.resident", {away, {{pin}, {load}}}},
          LeftOutOfGoing{"invalidate.fence_due",
                         {warm, {{store}, {fork}, {evict}}},
                         Memory::tso,
                         explore::Search::pct}};
}

void PrintTo(const LeftOutOfGoing& left_out, std::ostream* out) { *out << left_out.name; }

class WhatIsLeftOutOfGoing : public testing::TestWithParam<LeftOutOfGoing> {};

TEST_P(WhatIsLeftOutOfGoing, IsMissed) {
  const auto& [name, calls, memory, search] = GetParam();
  explore::Options options;
  options.memory = memory;
  options.search = search;
  options.bound = 3;
  options.runs = 300'000;
  options.drop = {name};
  options.stop_at_failure = true;
  const Tried tried = try_all(calls, options);
  EXPECT_NE(tried.wrong, "") << "nothing is found in " << tried.runs << " runs";
  RecordProperty("runs", static_cast<int>(tried.runs));
}

INSTANTIATE_TEST_SUITE_P(Each, WhatIsLeftOutOfGoing, testing::ValuesIn(all_left_out_of_going()),
                         [](const auto& each) {
                           std::string name = each.param.name;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace lab::engine
