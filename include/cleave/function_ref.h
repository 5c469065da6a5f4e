// A callable that a function borrows for the time of a call.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <cleave/detail/config.h>

namespace cleave {

template <class Signature>
class function_ref;

/// Refers to something that can be called with `Arguments`: a lambda, a function object, a function
/// or a pointer to one, which must not be null. Two words, no allocation; a call costs what a call
/// through a pointer does. It does not keep what it refers to: use it as a parameter's type, not to
/// store a callable. What the callable gives is dropped where R is void.
///
/// A function of this library that takes one calls it before it returns, on the caller's thread.
/// The callable may throw: the exception comes out of that function, which leaves nothing locked
/// and nothing half done (one of a Repository makes no_memory of std::bad_alloc and
/// std::length_error). It must not leave by longjmp(3): a later call may wait for ever.
template <class R, class... Arguments>
class function_ref<R(Arguments...)> {
 public:
  /// Implicit, so that a lambda can be written where a function_ref is expected.
  template <class Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, function_ref> &&
           std::is_invocable_r_v<R, Callable&, Arguments...>)
      // NOLINTNEXTLINE(google-explicit-constructor, bugprone-forwarding-reference-overload)
      function_ref(Callable&& callable)
  noexcept {
    using Target = std::remove_reference_t<Callable>;
    if constexpr (std::is_function_v<Target>) {
      target_.function = reinterpret_cast<void (*)()>(&callable);
      call_ = [](Borrowed target, Arguments... arguments) -> R {
        return call(*reinterpret_cast<Target*>(target.function),
                    std::forward<Arguments>(arguments)...);
      };
    } else {
      target_.object = const_cast<void*>(static_cast<const void*>(std::addressof(callable)));
      call_ = [](Borrowed target, Arguments... arguments) -> R {
        return call(*static_cast<Target*>(target.object), std::forward<Arguments>(arguments)...);
      };
    }
  }

  /// Calls what it refers to.
  R operator()(Arguments... arguments) const {
    return call_(target_, std::forward<Arguments>(arguments)...);
  }

 private:
  union Borrowed {
    void* object;
    void (*function)();
  };

  template <class Target>
  static R call(Target& target, Arguments... arguments) {
    if constexpr (std::is_void_v<R>) {
      (void)std::invoke(target, std::forward<Arguments>(arguments)...);
    } else {
      return std::invoke(target, std::forward<Arguments>(arguments)...);
    }
  }

  Borrowed target_;
  R (*call_)(Borrowed, Arguments...);
};

}  // namespace cleave
