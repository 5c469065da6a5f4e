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

struct LeftOutOfMerging {
  const char* name;
  Calls calls;
  explore::Memory memory = explore::Memory::sc;
};

std::vector<LeftOutOfMerging> all_left_out_of_merging() {
  using enum Call;
  using explore::Memory;
  // The page that is called at is the one that the other is merged with, or is merged itself.
  const std::vector<Before> kept{Before::equal};
  const std::vector<Before> frozen{Before::elder};
  const std::vector<Before> warm{Before::warm, Before::equal};
  return {LeftOutOfMerging{"merge.compare", {kept, {{store}, {merge}}}},
          LeftOutOfMerging{"merge.stopped", {frozen, {{store}, {merge}}}},
          LeftOutOfMerging{"merge.keep", {kept, {{store}, {merge}}}},
          LeftOutOfMerging{"merge.pinned", {kept, {{pin}, {merge}}}},
          LeftOutOfMerging{"pin.own_again", {kept, {{pin_slow}, {merge}}}},
          LeftOutOfMerging{"going.stop", {frozen, {{store}, {merge}}}},
          LeftOutOfMerging{"going.pinned", {frozen, {{pin}, {merge}}}},
          LeftOutOfMerging{"going.invalidate", {warm, {{store}, {merge}}}},
          LeftOutOfMerging{"going.heavy", {warm, {{store}, {merge}}}, Memory::tso},
          LeftOutOfMerging{"going.wait", {kept, {{store}, {merge}}}}};
}

void PrintTo(const LeftOutOfMerging& left_out, std::ostream* out) { *out << left_out.name; }

class WhatIsLeftOutOfMerging : public testing::TestWithParam<LeftOutOfMerging> {};

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

INSTANTIATE_TEST_SUITE_P(Each, WhatIsLeftOutOfMerging, testing::ValuesIn(all_left_out_of_merging()),
                         [](const auto& each) {
                           std::string name = each.param.name;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace lab::engine
