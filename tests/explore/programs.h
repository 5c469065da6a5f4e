// What tests of the explorer explore.
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lab/explore/search/explorer.h"

namespace lab::explore {

/// A program of functions: variables x, y and z, a register for each thread and name, a body for
/// each thread.
class Sketch : public Program {
 public:
  using Body = std::function<void(Sketch&)>;
  explicit Sketch(const std::vector<Body>& bodies) : bodies_(bodies) {}

  Shared<int> x{"x"};
  Shared<int> y{"y"};
  Shared<int> z{"z"};

  /// A plain load.
  int load(Shared<int>& variable) {
    return look("load", [&] { return variable.read(); });
  }
  void note(const char* name, int value) {
    noted_.emplace_back(name, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
  }

  void start(Threads& threads) override {
    static constexpr const char* kNames[] = {"P0", "P1", "P2", "P3"};
    for (std::size_t i = 0; i < bodies_.size(); ++i) {
      threads.add(kNames[i], [this, i] { bodies_[i](*this); });
    }
  }
  void end(Outcome& outcome) override {
    std::ranges::sort(noted_, [](const auto& a, const auto& b) {
      return std::string_view(a.first) < std::string_view(b.first);
    });
    for (const auto& [name, value] : noted_) outcome.note(name, value);
    outcome.note("x", static_cast<std::uint64_t>(x.read()));
    outcome.note("y", static_cast<std::uint64_t>(y.read()));
    outcome.note("z", static_cast<std::uint64_t>(z.read()));
  }

 private:
  const std::vector<Body>& bodies_;
  std::vector<std::pair<const char*, std::uint64_t>> noted_;
};

/// A factory of the program with these bodies.
inline Factory sketch(std::vector<Sketch::Body> bodies) {
  return [bodies = std::move(bodies)] { return std::make_unique<Sketch>(bodies); };
}

/// Who waits for what, in an order that does not depend on the threads' numbers.
inline std::string sorted(const std::string& standstill) {
  std::multiset<std::string> parts;
  for (std::size_t from = 0; from < standstill.size();) {
    const std::size_t to = std::min(standstill.find("; ", from), standstill.size());
    parts.insert(standstill.substr(from, to - from));
    from = to + 2;
  }
  std::string text;
  for (const std::string& part : parts) text += part + "; ";
  return text;
}

/// All that an exploration found, as texts.
inline std::set<std::string> findings(const Result& result) {
  std::set<std::string> texts;
  for (const Seen& seen : result.outcomes) texts.insert(seen.outcome.text());
  for (const Failure& failure : result.failures) {
    texts.insert(std::string(name(failure.kind)) + ": " + sorted(failure.what));
  }
  return texts;
}

}  // namespace lab::explore
