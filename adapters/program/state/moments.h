// The commits of a program, each with what is no memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/program/kept/kernel_state.h"
#include "adapters/program/kernel/frame.h"
#include "adapters/program/state/members.h"

namespace cleave::program {

/// How a program goes on: a commit's payload. The frame is memory of the commit, and has the
/// registers.
struct GoingOn {
  Frame* frame;
  int error;         ///< errno
  char dispatch;     ///< of Loading
  std::uint64_t gs;  ///< where the segment register begins, which no frame has
};

/// A moment of a program to which it can go back: its memory, and what the kernel keeps for it.
struct Moment {
  unsigned number;
  std::string name;              ///< may be empty
  std::optional<Commit> commit;  ///< there is one from the moment on that others know this
  KernelState kernel;
};

using SharedMoment = std::shared_ptr<const Moment>;

/// All that are kept, by name or number.
class Moments {
 public:
  /// Makes room for one more, so that add() cannot fail.
  void make_room() { all_.reserve(all_.size() + 1); }
  SharedMoment add(SharedMoment moment) noexcept;
  /// By its name, or else its number in digits; the latest of that name. Null: there is none.
  [[nodiscard]] SharedMoment find(const std::string& name) const;
  bool forget(const std::string& name);
  /// The next one's.
  [[nodiscard]] unsigned next_number() const { return next_; }
  [[nodiscard]] const std::vector<SharedMoment>& all() const { return all_; }

 private:
  std::vector<SharedMoment> all_;
  unsigned next_ = 0;
};

}  // namespace cleave::program
