#include <gtest/gtest.h>

#include "tests/explored/scenes.h"

namespace lab::engine {
namespace {

Script reads_nothing() {
  return {[](Stage& s) { open(s); },
          [](Stage&) -> std::vector<Part> {
            return {{"read", [] {
                       const std::byte* volatile nowhere = nullptr;
                       (void)sync::load_word<Count>(nowhere);
                     }}};
          }};
}

Script looks_at_nothing() {
  return {[](Stage& s) { open(s); },
          [](Stage&) -> std::vector<Part> {
            return {{"none", [] {}}};
          },
          [](Stage&, explore::Outcome&) -> std::string {
            const Count* volatile nowhere = nullptr;
            return *nowhere == 0 ? "" : "never";
          }};
}

TEST(EngineFaults, AreFindingsInAThread) {
  EXPECT_EQ(first_failure(all_orders(&reads_nothing, explore::Memory::sc)),
            "the engine's code touches memory that is not there");
}

TEST(EngineFaults, AreFindingsAtTheEnd) {
  EXPECT_EQ(first_failure(all_orders(&looks_at_nothing, explore::Memory::tso)),
            "the engine's code touches memory that is not there");
}

}  // namespace
}  // namespace lab::engine
