// All ways through a tree of choices, one after the other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cleave::detail {

/// A run asks for each choice that it comes to; next() has the following run go another way, until
/// all ways have been gone. The run has to make the same choices when it is told the same.
class Choices {
 public:
  /// One of `of`, from 0.
  unsigned choose(unsigned of) {
    if (at_ == made_.size()) made_.push_back({0, of});
    return made_[at_++].chosen;
  }
  /// False: there is no other way left.
  bool next() {
    at_ = 0;
    while (!made_.empty() && ++made_.back().chosen == made_.back().of) made_.pop_back();
    return !made_.empty();
  }
  /// The way of this run, to find it again.
  [[nodiscard]] std::string text() const {
    std::string all;
    for (std::size_t i = 0; i < at_; ++i) all += std::to_string(made_[i].chosen) + ' ';
    return all;
  }

 private:
  struct Made {
    unsigned chosen;
    unsigned of;
  };
  std::vector<Made> made_;
  std::size_t at_ = 0;
};

}  // namespace cleave::detail
