#include "lab/report/turning_point.h"

#include <algorithm>

#include "lab/judge/scene.h"

namespace lab {

std::optional<std::size_t> turning_point(const Counterexample& example) {
  if (example.inevitable_after.value_or(0) == 0) return std::nullopt;
  const auto& events = example.trace.events;
  const auto found = std::ranges::find_if(
      events, [&](const Event& event) { return event.choices >= *example.inevitable_after; });
  if (found == events.end()) return std::nullopt;
  return static_cast<std::size_t>(found - events.begin());
}

std::optional<std::size_t> last_decision(const Counterexample& example) {
  const std::size_t until = turning_point(example).value_or(example.trace.events.size());
  std::optional<std::size_t> last;
  for (const Line& line : example.lines) {
    if (line.folded) continue;
    for (const std::size_t at : line.events) {
      const Event& event = example.trace.events[at];
      if (at <= until && event.label != kNoteResult && !event.decided.empty())
        last = std::max(last.value_or(0), at);
    }
  }
  return last;
}

}  // namespace lab
