// One run of a few calls.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lab/engine/calls.h"

namespace lab::engine {

/// A thread and which of its calls: an order in which they come one after another.
using Order = std::vector<std::pair<std::size_t, std::size_t>>;

class CallsScene final : public Scene {
 public:
  /// The calls of all threads at once; with `order`, one after another before the only thread
  /// starts.
  explicit CallsScene(const Calls& calls, const Order* order = nullptr)
      : calls_(calls), order_(order), came_to_(calls.threads.size()) {}

 private:
  void set_up(Stage& stage) override;
  std::vector<Part> parts(Stage& stage) override;
  std::string look(Stage& stage, explore::Outcome& outcome) override;
  [[nodiscard]] bool has_backing() const;
  [[nodiscard]] bool has_equal() const;
  void make(Stage& stage, std::size_t thread, std::size_t which);

  const Calls& calls_;
  const Order* const order_;
  std::vector<std::array<std::uint64_t, 4>> came_to_;  // by thread and call
};

}  // namespace lab::engine
