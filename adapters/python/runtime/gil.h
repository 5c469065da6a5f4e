// Work without the interpreter's lock (GIL).
#pragma once

#include <Python.h>
#include <cxxabi.h>
#include <unistd.h>

#include <type_traits>
#include <utility>

namespace cleave::python {

/// Takes the lock back. A daemon thread that comes here while the interpreter ends is told to exit
/// by unwinding its stack, past destructors that want the lock: it stays here instead, until the
/// process ends.
inline void take_gil_back(PyThreadState* thread) {
  try {
    PyEval_RestoreThread(thread);
  } catch (abi::__forced_unwind&) {
    for (;;) (void)pause();
  }
}

/// Does `work`, which must not touch Python nor throw, while other Python threads run. Every call
/// of the library that may take longer than a lock goes through here; none of them calls back into
/// Python, so that a thread never waits for the lock of the interpreter with one of the library.
template <class Work>
auto without_gil(Work&& work) {
  PyThreadState* const thread = PyEval_SaveThread();
  if constexpr (std::is_void_v<decltype(work())>) {
    std::forward<Work>(work)();
    take_gil_back(thread);
  } else {
    auto result = std::forward<Work>(work)();
    take_gil_back(thread);
    return result;
  }
}

}  // namespace cleave::python
