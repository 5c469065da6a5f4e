#include "lab/report/data/turning_point.h"

#include <algorithm>

#include "lab/judge/test_program.h"
#include "lab/portable/ranges.h"

namespace lab::report {

std::optional<std::size_t> turning_point(const explore::Counterexample& example) {
  if (example.inevitable_after.value_or(0) == 0) return std::nullopt;
  const auto& events = example.trace.events;
  const auto found = ranges::find_if(events, [&](const explore::Event& event) {
    return event.choices >= *example.inevitable_after;
  });
  if (found == events.end()) return std::nullopt;
  return static_cast<std::size_t>(found - events.begin());
}

std::optional<std::size_t> last_decision(const explore::Counterexample& example) {
  const std::size_t until = turning_point(example).value_or(example.trace.events.size());
  std::optional<std::size_t> last;
  for (const explore::Line& line : example.lines) {
    if (line.folded) continue;
    for (const std::size_t at : line.events) {
      const explore::Event& event = example.trace.events[at];
      if (at <= until && event.label != judge::kNoteResult && !event.decided.empty())
        last = std::max(last.value_or(0), at);
    }
  }
  return last;
}

}  // namespace lab::report
