// What one handler of ours stands in front of: an action that the program has asked for.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstring>

#include <cleave/detail/atomic.h>

namespace cleave::detail {

using Action = struct sigaction;

inline bool is_function(const Action& action) {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

inline bool is_same(const Action& a, const Action& b) {
  constexpr std::size_t kMask = 8;  // what the kernel knows of a set
  return a.sa_handler == b.sa_handler && a.sa_flags == b.sa_flags &&
         std::memcmp(&a.sa_mask, &b.sa_mask, kMask) == 0;
}

/// For one action, and never freed: a handler that came later may have kept the address of ours, to
/// call it or to put it back. All functions but begin(): any thread, in a signal handler.
class Front {
 public:
  /// Called once, before anything else.
  void begin(int signal, const Action& before, Front* older) noexcept {
    signal_ = signal;
    before_ = before;
    older_ = older;
    begun_.store(true, sync::release);
  }
  [[nodiscard]] bool is_for(int signal) const noexcept {
    return begun_.load(sync::acquire) && signal_ == signal;
  }
  [[nodiscard]] bool is_before_handler_of(const Action& action) const noexcept {
    return before_.sa_handler == action.sa_handler;
  }

  /// What the kernel would have in our place.
  [[nodiscard]] Action action() const noexcept {
    if (is_bypassed_.load(sync::relaxed))
      return behind() == nullptr ? Action{} : behind()->action();
    Action now = before_;
    if (is_spent_.load(sync::relaxed)) now.sa_handler = SIG_DFL;
    return now;
  }
  /// The same, to perform it: SA_RESETHAND is for one time.
  [[nodiscard]] Action take() noexcept {
    if (is_bypassed_.load(sync::relaxed)) return behind() == nullptr ? Action{} : behind()->take();
    Action now = before_;
    const bool once = is_function(now) && (static_cast<unsigned>(now.sa_flags) & SA_RESETHAND) != 0;
    if (once && is_spent_.exchange(true, sync::relaxed)) now.sa_handler = SIG_DFL;
    return now;
  }

  /// We gave the place back ourselves: what stands there now did not find our address there.
  void step_back() noexcept { is_away_.store(true, sync::relaxed); }
  /// True for one caller after a step_back(): it may put this one in front again.
  bool come_back() noexcept { return is_away_.exchange(false, sync::relaxed); }

  /// The program has put `action` in our place; it may pass on to us, and must not get that back.
  void make_way_for(const Action& action) noexcept {
    if (is_before_handler_of(action) && !is_away_.load(sync::relaxed)) {
      is_bypassed_.store(true, sync::relaxed);
    }
  }
  [[nodiscard]] bool has_made_way_for(const Action& action) const noexcept {
    return is_bypassed_.load(sync::relaxed) && is_same(before_, action);
  }
  /// True for one caller after a make_way_for(): it may put this one in front again, as if anew.
  bool serve_again() noexcept {
    if (!is_bypassed_.exchange(false, sync::relaxed)) return false;
    is_spent_.store(false, sync::relaxed);
    return true;
  }

 private:
  [[nodiscard]] Front* behind() const noexcept {
    Front* front = older_;
    while (front != nullptr && front->is_before_handler_of(before_)) front = front->older_;
    return front;
  }

  // Written by begin(), read after begun_ (release, acquire).
  int signal_ = 0;
  Action before_{};
  Front* older_ = nullptr;
  sync::atomic<bool> begun_{false};
  // Each says one thing by itself, whose order to other things is nobody's matter (relaxed).
  sync::atomic<bool> is_spent_{false};
  sync::atomic<bool> is_away_{false};
  sync::atomic<bool> is_bypassed_{false};
};

}  // namespace cleave::detail
