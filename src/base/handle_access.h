// How the engine gets from a public handle to the state behind it, and back. No user's code can
// include this.
#pragma once

namespace cleave::detail {

/// A friend of every handle. A handle's `state()` stops the program if it was moved from.
struct HandleAccess {
  template <class Handle>
  static auto& state(const Handle& handle) noexcept {
    return handle.state();
  }
  /// A handle that takes over the caller's reference to `state`.
  template <class Handle, class State>
  static Handle make(State* state) noexcept {
    return Handle(state);
  }
};

}  // namespace cleave::detail
