#include "adapters/program/kept/kernel_state.h"

#include <unistd.h>

#include <climits>
#include <utility>

#include "adapters/program/kernel/raw.h"

namespace cleave::program {
namespace {

constexpr std::size_t kMaskBytes = 8;

/// Nothing that a program reads: a terminal's state is that of its line editor.
std::optional<termios> terminal_now() {
  termios now{};
  if (tcgetattr(STDIN_FILENO, &now) != 0) return std::nullopt;
  return now;
}

}  // namespace

tl::expected<KernelState, std::string> KernelState::now(const Proc& proc,
                                                        const KernelState* before) {
  auto descriptors =
      Descriptors::now(proc.open, before == nullptr ? nullptr : &before->descriptors_);
  if (!descriptors) return tl::unexpected(std::move(descriptors.error()));
  KernelState state(std::move(*descriptors), Standing::now(proc));
  for (int signal = 1; signal <= kSignals; ++signal) {
    (void)raw::call(SYS_rt_sigaction, signal, 0,
                    raw::as_word(&state.actions_[static_cast<std::size_t>(signal - 1)]),
                    kMaskBytes);
  }
  for (int timer = 0; timer < kTimers; ++timer) {
    (void)raw::call(SYS_getitimer, timer,
                    raw::as_word(&state.timers_[static_cast<std::size_t>(timer)]));
  }
  state.folder_.resize(PATH_MAX);
  if (getcwd(state.folder_.data(), state.folder_.size()) == nullptr) state.folder_.front() = '\0';
  state.folder_.resize(std::char_traits<char>::length(state.folder_.c_str()));
  state.mask_ = umask(0);
  (void)umask(state.mask_);
  state.terminal_ = terminal_now();
  return state;
}

void KernelState::restore_signals() const {
  for (int signal = 1; signal <= kSignals; ++signal) {
    const Action& wanted = actions_[static_cast<std::size_t>(signal - 1)];
    Action is{};
    (void)raw::call(SYS_rt_sigaction, signal, 0, raw::as_word(&is), kMaskBytes);
    if (is != wanted) {
      (void)raw::call(SYS_rt_sigaction, signal, raw::as_word(&wanted), 0, kMaskBytes);
    }
  }
}

void KernelState::restore_timers() const {
  for (int timer = 0; timer < kTimers; ++timer) {
    const itimerval& wanted = timers_[static_cast<std::size_t>(timer)];
    itimerval is{};
    (void)raw::call(SYS_getitimer, timer, raw::as_word(&is));
    const auto runs = [](const itimerval& t) {
      return t.it_value.tv_sec != 0 || t.it_value.tv_usec != 0;
    };
    if (runs(wanted) || runs(is)) {
      (void)raw::call(SYS_setitimer, timer, raw::as_word(&wanted), 0);
    }
  }
}

// Limits first: descriptors may need a number that a limit forbids by now.
void KernelState::restore(const Proc& proc, Told& told) const {
  restore_signals();
  restore_timers();
  standing_.restore(proc, told);
  descriptors_.restore(proc.open, told);
  if (!folder_.empty() && chdir(folder_.c_str()) != 0) {
    told.push_back("the folder " + folder_ + " is gone");
  }
  (void)umask(mask_);
  if (terminal_) (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &*terminal_);
}

}  // namespace cleave::program
