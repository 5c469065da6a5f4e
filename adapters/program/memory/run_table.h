// Runs of addresses, each with a value: what the program has mapped, and with which protections.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace cleave::program {

struct AddressRun {
  std::uintptr_t first;
  std::uintptr_t end;
  int value;
  friend bool operator==(const AddressRun&, const AddressRun&) = default;
};

/// In order and apart from each other; equal neighbours are one. All in one piece of memory of a
/// fixed size, so that it can lie in an arena and go back with it. Zeroes are an empty table.
class RunTable {
 public:
  static constexpr std::size_t kMost = 32768;

  [[nodiscard]] std::span<const AddressRun> runs() const noexcept { return {runs_, count_}; }
  [[nodiscard]] std::optional<int> value_at(std::uintptr_t at) const noexcept {
    const std::size_t i = first_ending_after(at);
    if (i == count_ || runs_[i].first > at) return std::nullopt;
    return runs_[i].value;
  }
  /// False: the table is full, and nothing has changed.
  [[nodiscard]] bool set(std::uintptr_t first, std::uintptr_t end, int value) noexcept {
    if (count_ + 2 > kMost) return false;
    const std::size_t at = cut(first, end);
    insert(at, {first, end, value});
    join_neighbours(at);
    return true;
  }
  /// False: as of set().
  [[nodiscard]] bool clear(std::uintptr_t first, std::uintptr_t end) noexcept {
    if (count_ + 1 > kMost) return false;
    (void)cut(first, end);
    return true;
  }
  /// The lowest place of as many bytes between `from` and `to` that no run has; 0: there is none.
  [[nodiscard]] std::uintptr_t room(std::uintptr_t from, std::uintptr_t to,
                                    std::size_t bytes) const noexcept {
    for (std::size_t i = first_ending_after(from); i < count_ && from < to; ++i) {
      if (runs_[i].first > from && runs_[i].first - from >= bytes) break;
      from = runs_[i].end;
    }
    return from < to && to - from >= bytes ? from : 0;
  }

 private:
  [[nodiscard]] std::size_t first_ending_after(std::uintptr_t at) const noexcept {
    const auto* found = std::upper_bound(
        runs_, runs_ + count_, at,
        [](std::uintptr_t wanted, const AddressRun& run) { return wanted < run.end; });
    return static_cast<std::size_t>(found - runs_);
  }
  void insert(std::size_t at, AddressRun run) noexcept {
    std::copy_backward(runs_ + at, runs_ + count_, runs_ + count_ + 1);
    runs_[at] = run;
    ++count_;
  }
  void erase(std::size_t from, std::size_t to) noexcept {
    std::copy(runs_ + to, runs_ + count_, runs_ + from);
    count_ -= to - from;
  }
  /// Takes the range out of all runs; where a run for it belongs now.
  std::size_t cut(std::uintptr_t first, std::uintptr_t end) noexcept {
    std::size_t i = first_ending_after(first);
    if (i == count_) return i;
    if (runs_[i].first < first) {
      const AddressRun whole = runs_[i];
      runs_[i].end = first;
      ++i;
      if (whole.end > end) {
        insert(i, {end, whole.end, whole.value});
        return i;
      }
    }
    std::size_t last = i;
    while (last < count_ && runs_[last].end <= end) ++last;
    erase(i, last);
    if (i < count_ && runs_[i].first < end) runs_[i].first = end;
    return i;
  }
  void join_neighbours(std::size_t at) noexcept {
    if (at + 1 < count_ && continues(runs_[at], runs_[at + 1])) {
      runs_[at].end = runs_[at + 1].end;
      erase(at + 1, at + 2);
    }
    if (at > 0 && continues(runs_[at - 1], runs_[at])) {
      runs_[at - 1].end = runs_[at].end;
      erase(at, at + 1);
    }
  }
  static bool continues(const AddressRun& a, const AddressRun& b) noexcept {
    return a.end == b.first && a.value == b.value;
  }

  std::size_t count_;
  AddressRun runs_[kMost];
};

}  // namespace cleave::program
