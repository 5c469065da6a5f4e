// A check that cannot fail is none. So each fence, wait and second look of the engine is left out
// once, and something must break in one of all orders; with the whole engine, nothing may.
#include <ostream>

#include <gmock/gmock.h>

#include "tests/explored/section_scenes.h"

namespace lab::engine {
namespace {

using explore::Memory;

struct LeftOut {
  const char* name;
  Named scene;
  Memory memory = Memory::sc;
  bool has_membarrier = true;
};

class WhatIsLeftOut : public testing::TestWithParam<LeftOut> {};

TEST_P(WhatIsLeftOut, IsMissed) {
  const auto& [name, scene, memory, has_membarrier] = GetParam();
  const explore::Result result = all_orders(scene.scripts, memory, {has_membarrier}, {name});
  EXPECT_NE(first_failure(result), "") << "nothing is found in " << result.traces << " runs";
  EXPECT_THAT(first_failure(result), testing::Not(testing::HasSubstr("in the set-up")));
  RecordProperty("broken", first_failure(result));
  RecordProperty("runs", static_cast<int>(result.traces));
}

std::string identifier(const LeftOut& left_out) {
  std::string name = left_out.name;
  for (char& c : name)
    if (c == '.') c = '_';
  return name;
}

void PrintTo(const LeftOut& left_out, std::ostream* out) { *out << left_out.name; }

INSTANTIATE_TEST_SUITE_P(
    Each, WhatIsLeftOut,
    testing::Values(LeftOut{"section.strong", kStrongWriter, Memory::tso},
                    LeftOut{"section.writer_left", kStrongWriter},
                    LeftOut{"revoke_writers.heavy", kLightWriter, Memory::tso},
                    LeftOut{"enter.stamp", kEnteringWriter},
                    LeftOut{"revoke_all.heavy", kReader, Memory::tso},
                    LeftOut{"section.idle", kReader}, LeftOut{"retire.heavy", kCopies, Memory::tso},
                    LeftOut{"copy.keep_shared", kSibling}, LeftOut{"pin.look_again", kSharedPage},
                    LeftOut{"pin.hint", kPinnedPage},
                    LeftOut{"section.enter_writing", kLightWriter, Memory::tso, false},
                    LeftOut{"section.enter_reading", kReader, Memory::tso, false}),
    [](const auto& each) { return identifier(each.param); });

struct Whole {
  Named scene;
  Memory memory;
  bool has_membarrier;
};
void PrintTo(const Whole& whole, std::ostream* out) { *out << whole.scene.name; }

class TheWholeEngine : public testing::TestWithParam<Whole> {};

TEST_P(TheWholeEngine, BreaksNothingInAnyOrder) {
  const auto& [scene, memory, has_membarrier] = GetParam();
  const explore::Result result = all_orders(scene.scripts, memory, {has_membarrier});
  EXPECT_EQ(first_failure(result), "") << "in " << result.traces << " runs";
  EXPECT_EQ(result.coverage.text(), "exhaustive");
  RecordProperty("runs", static_cast<int>(result.traces));
  RecordProperty("given_up", static_cast<int>(result.cut));
}

std::vector<Whole> all_scenes() {
  std::vector<Whole> all;
  for (const Named& scene : kSectionScenes)
    for (const Memory memory : {Memory::sc, Memory::tso, Memory::ra})
      for (const bool has_membarrier : {true, false})
        all.push_back({scene, memory, has_membarrier});
  return all;
}

INSTANTIATE_TEST_SUITE_P(In, TheWholeEngine, testing::ValuesIn(all_scenes()), [](const auto& each) {
  const Memory memory = each.param.memory;
  return std::string(each.param.scene.name) +
         (memory == Memory::sc    ? "Sc"
          : memory == Memory::tso ? "Tso"
                                  : "Ra") +
         (each.param.has_membarrier ? "" : "WithoutMembarrier");
});

}  // namespace
}  // namespace lab::engine
