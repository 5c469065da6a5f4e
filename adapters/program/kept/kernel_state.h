// What the kernel keeps for the program and can be given back: signals' handlers, descriptors and
// their offsets, the folder, the terminal, interval timers, limits.
#pragma once

#include <sys/stat.h>
#include <sys/time.h>
#include <termios.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "adapters/program/kept/descriptors.h"
#include "adapters/program/kept/standing.h"

namespace cleave::program {

class KernelState {
 public:
  /// As it is now. `before`: an earlier one, with which it shares what has not changed; or null.
  /// The error says why it cannot be kept.
  static tl::expected<KernelState, std::string> now(const Proc& proc, const KernelState* before);
  /// Makes it so again, where it is now as `proc` has it; what cannot be is told.
  void restore(const Proc& proc, Told& told) const;

 private:
  struct Action {
    std::uintptr_t handler;
    std::uint64_t flags;
    std::uintptr_t restorer;
    std::uint64_t mask;
    friend bool operator==(const Action&, const Action&) = default;
  };
  static constexpr int kSignals = 64;
  static constexpr int kTimers = 3;

  KernelState(Descriptors descriptors, Standing standing)
      : descriptors_(std::move(descriptors)), standing_(std::move(standing)) {}
  void restore_signals() const;
  void restore_timers() const;

  std::array<Action, kSignals> actions_{};
  std::array<itimerval, kTimers> timers_{};
  Descriptors descriptors_;
  Standing standing_;
  std::string folder_;
  mode_t mask_ = 0;
  std::optional<termios> terminal_;
};

}  // namespace cleave::program
