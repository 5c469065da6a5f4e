#include "lab/explore/search/determinism.h"

#include <vector>

#include <fmt/format.h>

#include "lab/explore/execution/follow.h"

namespace lab::explore {
namespace {

// What each step did, as a number.
class StepHashes : public Recorder {
 public:
  void began(Execution& execution, Actor actor) override {
    label_ = is_flush(actor) ? "a store comes out" : execution.label(thread_of(actor));
    hash_ = Hash64{actor}.feed(std::string_view(label_));
  }
  void ended(Execution& execution) override {
    const Footprint footprint = execution.footprint();
    for (std::size_t i = 0; i < footprint.size(); ++i) {
      hash_.feed(footprint[i].slot).feed(footprint[i].touch);
      hash_.feed(execution.before()[i]).feed(execution.bits(footprint[i].slot));
    }
    steps.push_back({hash_.value(), label_});
  }
  void put(Execution&, int thread, const char* label, const Variable& variable,
           std::uint64_t bits) override {
    hash_.feed(static_cast<std::uint64_t>(thread)).feed(std::string_view(label));
    hash_.feed(variable.number()).feed(bits);
  }

  struct Step {
    std::uint64_t hash;
    const char* label;
  };
  std::vector<Step> steps;

 private:
  Hash64 hash_;
  const char* label_ = "";
};

}  // namespace

std::optional<std::string> difference(const Factory& factory, Execution& execution,
                                      const Schedule& schedule) {
  StepHashes first;
  StepHashes second;
  for (StepHashes* hashes : {&first, &second}) {
    Follow follow{schedule};
    execution.note_footprints(true);
    execution.record(hashes);
    execution.run(factory, follow);
    execution.record(nullptr);
    if (follow.lost()) {
      return fmt::format("step {} of a run could not be taken when the run was made again",
                         follow.steps() + 1);
    }
  }
  const std::size_t steps = std::min(first.steps.size(), second.steps.size());
  for (std::size_t i = 0; i < steps; ++i) {
    if (first.steps[i].hash != second.steps[i].hash) {
      return fmt::format(
          "step {}, \"{}\", did not do the same when the run was made again (\"{}\")", i + 1,
          first.steps[i].label, second.steps[i].label);
    }
  }
  return std::nullopt;
}

}  // namespace lab::explore
