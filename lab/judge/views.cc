#include "lab/judge/views.h"

#include <fmt/format.h>

#include "lab/judge/scene.h"

namespace lab::judge {
namespace {

// Keeps what describe() would put into words.
class Watched : public Scene {
 public:
  Watched(const Plan& plan, const model::Rules& rules, std::vector<model::View>& views)
      : Scene(plan, rules), views_(views) {}

  void start(explore::Threads& threads) override {
    views_.assign(1, view());
    Scene::start(threads);
  }
  std::string describe() override {
    views_.push_back(view());
    return {};
  }

 private:
  std::vector<model::View>& views_;
};

}  // namespace

tl::expected<std::vector<model::View>, explore::Refusal> views(const Explanation& explanation) {
  const explore::Trace& made = explanation.example.trace;
  std::vector<model::View> seen;
  explore::Options options;
  options.memory = made.memory;
  options.drop = made.drop;
  const explore::Factory factory = [&] {
    return std::make_unique<Watched>(*explanation.plan, *explanation.rules, seen);
  };
  const auto trace = explore::record(factory, options, made.schedule);
  if (!trace) return tl::unexpected(trace.error());
  std::vector<model::View> result{seen.front()};
  std::size_t steps = 0;
  for (const explore::Event& event : trace->events) {
    // Stores into buffers and fences come beside a step, and nobody sees them.
    const bool beside =
        event.kind == explore::Event::Kind::put || event.kind == explore::Event::Kind::fence;
    if (!beside) ++steps;
    result.push_back(seen.at(std::min(steps, seen.size() - 1)));
  }
  return result;
}

}  // namespace lab::judge
