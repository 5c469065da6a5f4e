// Equal pages that become one, in every order with what other threads do to them; and each look of
// the protocol left out once.
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

TEST(EngineMerge, WhatACallComesToIsTheSameWhilePagesAreMerged) {
  try_beside(all_mergings(1, 1), "a merging", 1, 1, explore::Memory::sc);
}

TEST(EngineMerge, WhatACallComesToIsTheSameWithStoreBuffers) {
  try_beside(all_mergings(1, 0), "a merging", 1, 0, explore::Memory::tso);
}

struct LeftOut {
  const char* name;
  Calls calls;
  explore::Memory memory = explore::Memory::sc;
};

std::vector<LeftOut> all_left_out() {
  using enum Call;
  using explore::Memory;
  // The page that is called at is the one that the other is merged with, or is merged itself.
  const std::vector<Before> kept{Before::equal};
  const std::vector<Before> frozen{Before::elder};
  const std::vector<Before> warm{Before::warm, Before::equal};
  return {LeftOut{"merge.compare", {kept, {{store}, {merge}}}},
          LeftOut{"merge.stopped", {frozen, {{store}, {merge}}}},
          LeftOut{"merge.keep", {kept, {{store}, {merge}}}},
          LeftOut{"merge.pinned", {kept, {{pin}, {merge}}}},
          LeftOut{"pin.own_again", {kept, {{pin_slow}, {merge}}}},
          LeftOut{"going.stop", {frozen, {{store}, {merge}}}},
          LeftOut{"going.pinned", {frozen, {{pin}, {merge}}}},
          LeftOut{"going.invalidate", {warm, {{store}, {merge}}}},
          LeftOut{"going.heavy", {warm, {{store}, {merge}}}, Memory::tso},
          LeftOut{"going.wait", {kept, {{store}, {merge}}}}};
}

void PrintTo(const LeftOut& left_out, std::ostream* out) { *out << left_out.name; }

class WhatIsLeftOutOfMerging : public testing::TestWithParam<LeftOut> {};

TEST_P(WhatIsLeftOutOfMerging, IsMissed) {
  const auto& [name, calls, memory] = GetParam();
  explore::Options options;
  options.memory = memory;
  options.drop = {name};
  options.stop_at_failure = true;
  options.max_seconds = 60;
  const Tried tried = try_all(calls, options);
  EXPECT_NE(tried.wrong, "") << "nothing is found in " << tried.runs << " runs";
  EXPECT_EQ(tried.wrong.find("in the set-up"), std::string::npos) << tried.wrong;
  RecordProperty("runs", static_cast<int>(tried.runs));
}

INSTANTIATE_TEST_SUITE_P(Each, WhatIsLeftOutOfMerging, testing::ValuesIn(all_left_out()),
                         [](const auto& each) {
                           std::string name = each.param.name;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace lab::engine
