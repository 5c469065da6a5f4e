// In a child of fork(2) the memory of the parent's arenas and spaces is not there.
#pragma once

#include <memory>
#include <utility>

#include "adapters/python/runtime/gil.h"

namespace cleave::python {

/// How many fork(2) calls lie between the process that loaded the module and this one.
[[nodiscard]] unsigned generation() noexcept;

/// Sees to it that generation() counts. Once, when the module is loaded.
void count_forks();

/// Raises cleave.NotPermittedError if what was made in `born` is asked for in a child.
void expect_same_process(unsigned born, const char* what);

/// Ends what the library gave, without the GIL: that may take long, and a store. But for a child of
/// fork(2): there the locks of the library may be held by threads that do not exist, so it is left
/// alone; the process's end frees it.
struct EndUnlessChild {
  unsigned born = generation();
  template <class T>
  void operator()(T* object) const noexcept {
    if (born != generation()) return;
    if (PyGILState_Check() == 0) {
      delete object;
    } else {
      without_gil([object] { delete object; });
    }
  }
};

template <class T>
std::shared_ptr<T> keep(T&& value) {
  return std::shared_ptr<T>(new T(std::move(value)), EndUnlessChild());
}

}  // namespace cleave::python
