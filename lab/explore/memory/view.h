// What a thread knows of the others.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace lab::explore {

/// For each thread, how many of its events are known: those, in the order of the thread, happened
/// before whatever has the view.
class View {
 public:
  static constexpr int kThreads = 32;

  [[nodiscard]] std::uint32_t of(int thread) const { return known_[index(thread)]; }
  [[nodiscard]] bool knows(int thread, std::uint32_t event) const { return of(thread) > event; }
  void learn(int thread, std::uint32_t event) {
    known_[index(thread)] = std::max(of(thread), event + 1);
  }
  void join(const View& other) {
    for (std::size_t i = 0; i < known_.size(); ++i)
      known_[i] = std::max(known_[i], other.known_[i]);
  }

 private:
  static std::size_t index(int thread) { return static_cast<std::size_t>(thread); }
  std::array<std::uint32_t, kThreads> known_{};
};

}  // namespace lab::explore
