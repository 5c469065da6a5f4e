#include "lab/kernel/test/order.h"

#include <algorithm>
#include <map>
#include <vector>

namespace lab::kernel {
namespace {

using litmus::Word;

// What comes before what: for each instruction, how many of each line's are before it. Lines are
// long where something is repeated often.
class Order {
 public:
  explicit Order(const judge::Plan& plan) : plan_(plan), before_(plan.threads.size()) {
    for (std::size_t line = 0; line < plan.threads.size(); ++line)
      before_[line].assign(plan.threads[line].code.size(), Counts(plan.threads.size(), 0));
    find_edges();
    // What comes before it comes before all that comes after it: until nothing is new.
    while (spread()) {
    }
  }

  [[nodiscard]] bool total() const {
    for (std::size_t a = 0; a < plan_.threads.size(); ++a)
      for (std::size_t b = a + 1; b < plan_.threads.size(); ++b)
        if (!total(a, b)) return false;
    return true;
  }

 private:
  using Counts = std::vector<std::size_t>;
  struct Place {
    std::size_t line, at;
  };
  struct Edge {
    Place from, to;
  };
  struct Awaited {
    bool exit;  // of a process; else a signal
    std::size_t number;
    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 means the 0 that <=> is compared with.
    auto operator<=>(const Awaited&) const = default;
  };

  static std::optional<Awaited> ends_a_wait(const judge::ThreadPlan& line,
                                            const judge::Instruction& each) {
    if (each.operation == nullptr) return std::nullopt;
    if (each.operation->word == Word::signal) return Awaited{false, each.signal};
    if (each.operation->word == Word::exit) return Awaited{true, line.process};
    return std::nullopt;
  }
  static Awaited awaited(const judge::Instruction& wait) {
    const bool exit = wait.operation->name.ends_with(".exit");
    return {exit, exit ? wait.child : wait.signal};
  }

  template <typename Do>
  void each_instruction(Do what) const {
    for (std::size_t line = 0; line < plan_.threads.size(); ++line)
      for (std::size_t at = 0; at < plan_.threads[line].code.size(); ++at)
        what(Place{line, at}, plan_.threads[line], plan_.threads[line].code[at]);
  }

  void find_edges() {
    std::map<Awaited, std::vector<Place>> enders;
    each_instruction(
        [&](Place here, const judge::ThreadPlan& line, const judge::Instruction& each) {
          if (const auto what = ends_a_wait(line, each)) enders[*what].push_back(here);
        });
    each_instruction([&](Place here, const judge::ThreadPlan&, const judge::Instruction& each) {
      if (each.operation == nullptr) return;
      if (each.operation->word == Word::fork) begins(here, each.child);
      if (each.operation->word != Word::wait) return;
      // A wait comes after what it waits for, if there is one such thing only.
      const auto& found = enders[awaited(each)];
      if (found.size() == 1) edges_.push_back({found.front(), here});
    });
  }

  void begins(Place fork, model::ProcessId child) {
    for (std::size_t line = 0; line < plan_.threads.size(); ++line)
      if (plan_.threads[line].process == child && !plan_.threads[line].code.empty())
        edges_.push_back({fork, {line, 0}});
  }

  Counts& of(Place place) { return before_[place.line][place.at]; }

  bool spread() {
    bool news = false;
    const auto put_before = [&](Place from, Place to) {
      const Counts& less = of(from);
      Counts& more = of(to);
      for (std::size_t line = 0; line < more.size(); ++line) {
        const std::size_t count = std::max(less[line], line == from.line ? from.at + 1 : 0);
        if (count <= more[line]) continue;
        more[line] = count;
        news = true;
      }
    };
    for (const Edge& edge : edges_) put_before(edge.from, edge.to);
    for (std::size_t line = 0; line < before_.size(); ++line)
      for (std::size_t at = 1; at < before_[line].size(); ++at)
        put_before({line, at - 1}, {line, at});
    return news;
  }

  static bool looks(const judge::Instruction& instruction) {
    return instruction.operation->word == Word::peek;
  }

  // Of line b, those before and those after each of line a are two ends of it, which only grow and
  // shrink on the way along a: in between no thread may act.
  [[nodiscard]] bool total(std::size_t a, std::size_t b) const {
    const auto& left = plan_.threads[a].code;
    const auto& right = plan_.threads[b].code;
    Counts acting(right.size() + 1, 0);  // up to there
    Counts changing(right.size() + 1, 0);
    for (std::size_t j = 0; j < right.size(); ++j) {
      acting[j + 1] = acting[j] + (acts(right[j]) ? 1 : 0);
      changing[j + 1] = changing[j] + (acts(right[j]) && !looks(right[j]) ? 1 : 0);
    }
    std::size_t after = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
      while (after < right.size() && before_[b][after][a] <= i) ++after;
      const std::size_t from = before_[a][i][b];
      if (!acts(left[i]) || from >= after) continue;
      const Counts& others = looks(left[i]) ? changing : acting;
      if (others[after] > others[from]) return false;
    }
    return true;
  }

  const judge::Plan& plan_;
  std::vector<std::vector<Counts>> before_;  // by line and instruction
  std::vector<Edge> edges_;
};

}  // namespace

bool acts(const judge::Instruction& instruction) {
  if (instruction.operation == nullptr) return false;
  const Word word = instruction.operation->word;
  return word != Word::signal && word != Word::wait;
}

bool ordered(const judge::Plan& plan) { return Order(plan).total(); }

}  // namespace lab::kernel
