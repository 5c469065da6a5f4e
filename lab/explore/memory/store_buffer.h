// The stores of one thread that no other thread sees yet, as x86 has them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lab::explore {

class Variable;

class StoreBuffer {
 public:
  struct Store {
    Variable* variable;
    std::uint64_t bits;
    int after;  ///< the thread's latest step when it stored
  };

  [[nodiscard]] bool empty() const { return oldest_ == stores_.size(); }
  /// Those that wait, the oldest first.
  [[nodiscard]] std::span<const Store> waiting() const {
    return std::span(stores_).subspan(oldest_);
  }
  void push(const Store& store) { stores_.push_back(store); }
  /// Takes the oldest out. Requires: there is one.
  Store pop() {
    const Store store = stores_[oldest_++];
    if (empty()) clear();
    return store;
  }
  void clear() {
    stores_.clear();
    oldest_ = 0;
  }
  /// What the thread itself reads there: its latest store hides the memory.
  [[nodiscard]] std::optional<std::uint64_t> find(const Variable& variable) const {
    for (std::size_t i = stores_.size(); i-- > oldest_;)
      if (stores_[i].variable == &variable) return stores_[i].bits;
    return std::nullopt;
  }

 private:
  std::vector<Store> stores_;
  std::size_t oldest_ = 0;
};

}  // namespace lab::explore
