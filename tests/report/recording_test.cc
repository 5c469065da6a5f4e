#include "lab/report/data/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab::report {
namespace {

model::View::Mapping entry(model::ProcessId process, model::View::Kind kind, std::uint32_t target) {
  model::View::Mapping mapping{};
  mapping.process = process;
  mapping.pages = 1;
  mapping.kind = kind;
  mapping.target = target;
  return mapping;
}

model::View::Folio folio(std::uint32_t id, std::vector<model::View::Contents> pages) {
  model::View::Folio folio{};
  folio.id = id;
  folio.pages = std::move(pages);
  return folio;
}

TEST(Recording, IsALineAStepWithAColumnForEachThingThatNamesAPage) {
  Recording recording{.pages = {"x"},
                      .processes = {"P", "C"},
                      .references = {"p", "never"},
                      .threads = {"P", "C"},
                      .start = {},
                      .steps = {},
                      .end = ""};
  recording.start.mappings = {entry(0, model::View::Kind::page, 0)};
  recording.start.folios = {folio(0, {{1, 1, true}})};
  model::View forked = recording.start;
  forked.mappings.push_back(entry(1, model::View::Kind::page, 0));
  forked.folios = {folio(0, {{1, 1, false}})};
  recording.steps.push_back({0, "fork C", "", forked});
  model::View written = forked;
  written.mappings[0].target = 1;
  written.folios.push_back(folio(1, {{77, 1, true}}));
  model::View::Reference held{};
  held.folio = 0;
  written.references = {held};
  recording.steps.push_back({0, "write x 77", "", written});
  model::View gone = written;
  gone.mappings = {entry(0, model::View::Kind::swap, 0), entry(1, model::View::Kind::none, 0)};
  gone.folios = {folio(0, {{}})};
  recording.steps.push_back({1, "read x -> r", "r = 1", gone});
  EXPECT_EQ(text(recording, {}),
            "                           P:x      C:x  p\n"
            "    at first               1! 1\n"
            "    P  fork C              1 1      1 1\n"
            "    P  write x 77          2! 77/1  1 1  1 1\n"
            "    C  read x -> r  r = 1  swap     -    1\n");
}

}  // namespace
}  // namespace lab::report
