#include "lab/report/counterexample.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "lab/judge/test_program.h"
#include "lab/report/data/turning_point.h"
#include "lab/words/counted.h"

namespace lab::report {
namespace {

using words::counted;

// Consecutive steps of one thread in one operation.
struct Row {
  std::size_t first;
  std::size_t last;
  bool folded = false;
  bool flush = false;
};

class Sheet {
 public:
  Sheet(const judge::Explanation& explanation, const Style& style, bool every_step)
      : example_(explanation.example), style_(style), every_step_(every_step) {
    const std::size_t threads = std::max<std::size_t>(1, trace().threads.size());
    const std::size_t space = style.width > kMargin + threads ? style.width - kMargin - threads : 0;
    width_ = std::clamp<std::size_t>(space / threads, 18, 44);
    find_rows();
  }

  std::string text() {
    std::string head(kMargin, ' ');
    for (const std::string& thread : trace().threads) head += padded(thread) + ' ';
    result_ = style_.strong(trimmed(head)) + '\n';
    for (const Row& row : rows_) this->row(row);
    return std::move(result_);
  }

 private:
  static constexpr std::size_t kMargin = 8;

  const explore::Trace& trace() const { return example_.trace; }

  void find_rows() {
    for (const explore::Line& line : example_.lines) {
      for (const std::size_t at : line.events) {
        const explore::Event& event = trace().events[at];
        const bool goes_on = !rows_.empty() && !every_step_ && at != line.events.front() &&
                             trace().events[rows_.back().last].operation == event.operation;
        if (goes_on || (line.folded && at != line.events.front()))
          rows_.back().last = at;
        else
          rows_.push_back({at, at, line.folded, line.flush});
      }
    }
  }

  std::string padded(std::string_view text) const { return fmt::format("{:<{}}", text, width_); }

  static std::string trimmed(std::string line) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
  }

  // Lines of at most a column's width.
  std::vector<std::string> wrapped(std::string_view text) const {
    std::vector<std::string> lines;
    while (text.size() > width_) {
      std::size_t end = text.rfind(' ', width_);
      if (end == std::string_view::npos || end == 0) end = width_;
      lines.emplace_back(text.substr(0, end));
      text.remove_prefix(end);
      while (text.starts_with(' ')) text.remove_prefix(1);
    }
    lines.emplace_back(text);
    return lines;
  }

  void put(std::string margin, int thread, const std::string& words, bool strong) {
    for (const std::string& line : wrapped(words)) {
      std::string text = fmt::format("{:<{}}", margin, kMargin);
      text += std::string(static_cast<std::size_t>(thread) * (width_ + 1), ' ');
      result_ += text + (strong ? style_.strong(line) : line) + '\n';
      margin.clear();
    }
  }

  void row(const Row& row) {
    const explore::Event& first = trace().events[row.first];
    const std::string number = row.first == row.last
                                   ? fmt::format("{}", row.first + 1)
                                   : fmt::format("{}-{}", row.first + 1, row.last + 1);
    if (row.folded) {
      const std::size_t count = row.last - row.first + 1;
      put(number, first.thread,
          fmt::format("... {} that {} not matter", counted(count, "step"),
                      count == 1 ? "does" : "do"),
          false);
      counters(row);
      return;
    }
    if (row.flush)
      put(number, first.thread, "a store leaves the buffer: " + first.label, false);
    else
      put(number, first.thread, first.operation, true);
    if (!row.flush && (every_step_ || interrupted(row)))
      put("", first.thread, "- " + trace().events[row.last].label, false);
    for (std::size_t at = row.first; at <= row.last; ++at)
      for (const std::string& decided : trace().events[at].decided)
        put("", first.thread, "> " + decided, false);
    counters(row);
  }

  // Whether others took steps before the operation was over: then it matters how far it had come.
  bool interrupted(const Row& row) const {
    const explore::Event& last = trace().events[row.last];
    for (std::size_t at = row.last + 1; at < trace().events.size(); ++at) {
      const explore::Event& next = trace().events[at];
      if (next.thread == last.thread) return at != row.last + 1 && next.operation == last.operation;
    }
    return false;
  }

  void counters(const Row& row) {
    const std::string& now = trace().events[row.last].counters;
    if (now == counters_) return;
    counters_ = now;
    result_ += fmt::format("{:<{}}", "", kMargin) + style_.faint("| " + now) + '\n';
  }

  const explore::Counterexample& example_;
  const Style& style_;
  const bool every_step_;
  std::size_t width_;
  std::vector<Row> rows_;
  std::string counters_;
  std::string result_;
};

std::string preemptions(const explore::Counterexample& example) {
  return counted(example.preemptions, "preemption") +
         (example.fewest && example.preemptions > 0 ? ", none with fewer" : "");
}

std::string by_whom(const explore::Counterexample& example, std::size_t at) {
  const explore::Event& event = example.trace.events[at];
  return fmt::format("step {}, {}, {}", at + 1,
                     example.trace.threads[static_cast<std::size_t>(event.thread)],
                     event.operation);
}

// What a rule decided last before the end was inevitable, among the steps that lead to it.
std::string decision(const explore::Counterexample& example) {
  const std::size_t until = turning_point(example).value_or(example.trace.events.size());
  std::set<std::size_t> told;
  for (const explore::Line& line : example.lines)
    if (!line.folded) told.insert(line.events.begin(), line.events.end());
  for (auto at = told.rbegin(); at != told.rend(); ++at) {
    const explore::Event& event = example.trace.events[*at];
    if (*at > until || event.label == judge::kNoteResult || event.decided.empty()) continue;
    return fmt::format("The last decision before that: {}: \"{}\"\n", by_whom(example, *at),
                       event.decided.back());
  }
  return "";
}

std::string inevitable(const explore::Counterexample& example) {
  if (example.inevitable_after == 0) return "Every run ends so.\n";
  const std::optional<std::size_t> point = turning_point(example);
  if (!point) return "";
  return fmt::format("Inevitable from {} on: \"{}\"\n", by_whom(example, *point),
                     example.trace.events[*point].label);
}

}  // namespace

std::string text(const judge::Explanation& explanation, const Style& style, bool every_step) {
  const explore::Counterexample& example = explanation.example;
  std::string result =
      fmt::format("A run that ends with {}  ({}, {})\n\n", style.strong(explanation.what),
                  preemptions(example), counted(example.trace.events.size(), "step"));
  result += Sheet(explanation, style, every_step).text();
  if (!example.trace.standstill.empty()) result += example.trace.standstill + '\n';
  result += '\n';
  result += inevitable(example);
  result += decision(example);
  return result;
}

}  // namespace lab::report
