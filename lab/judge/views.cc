#include "lab/judge/views.h"

#include <fmt/format.h>

#include "lab/judge/scene.h"

namespace lab {
namespace {

// Keeps what describe() would put into words.
class Watched : public Scene {
 public:
  Watched(const Plan& plan, const Rules& rules, std::vector<View>& views)
      : Scene(plan, rules), views_(views) {}

  void start(Threads& threads) override {
    views_.assign(1, view());
    Scene::start(threads);
  }
  std::string describe() override {
    views_.push_back(view());
    return {};
  }

 private:
  std::vector<View>& views_;
};

}  // namespace

tl::expected<std::vector<View>, Refusal> views(const Explanation& explanation) {
  const Trace& made = explanation.example.trace;
  std::vector<View> seen;
  Options options;
  options.memory = made.memory;
  options.drop = made.drop;
  const Factory factory = [&] {
    return std::make_unique<Watched>(*explanation.plan, *explanation.rules, seen);
  };
  const auto trace = record(factory, options, made.schedule);
  if (!trace) return tl::unexpected(trace.error());
  std::vector<View> result{seen.front()};
  std::size_t steps = 0;
  for (const Event& event : trace->events) {
    // Stores into buffers and fences come beside a step, and nobody sees them.
    const bool beside = event.kind == Event::Kind::put || event.kind == Event::Kind::fence;
    if (!beside) ++steps;
    result.push_back(seen.at(std::min(steps, seen.size() - 1)));
  }
  return result;
}

}  // namespace lab
