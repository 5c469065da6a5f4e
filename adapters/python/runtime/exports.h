// Memory of the library as Python buffers.
#pragma once

#include <Python.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "adapters/python/runtime/child.h"

namespace cleave::python {

/// The buffers (memoryviews, NumPy arrays) that are out over an object's memory. While there are
/// any, the object cannot be closed; each keeps the object alive. Every member but
/// close_in_child() is called with the GIL.
class Exports {
 public:
  /// `whole`: of the object that this one is a piece of. It then counts these buffers, too.
  explicit Exports(Exports* whole = nullptr) noexcept : whole_(whole) {}
  Exports(const Exports&) = delete;
  Exports& operator=(const Exports&) = delete;

  /// What bf_getbuffer does: fills `view` with `bytes` as a buffer of `exporter`. -1 with an
  /// exception.
  int give(PyObject* exporter, Py_buffer* view, int flags, std::span<std::byte> bytes,
           bool read_only);
  /// What bf_releasebuffer does.
  static void take_back(PyObject* exporter, Py_buffer* view) noexcept;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Raises BufferError if there are any.
  void expect_none(const char* what) const;

  /// In a child of fork(2), before anything else: reserves the addresses of all memory that is out,
  /// which the child does not have. An access through an old buffer then ends in SIGSEGV; it could
  /// meet memory of something else that the child came to map there.
  static void close_in_child() noexcept;

 private:
  void link() noexcept;
  void unlink() noexcept;

  static void reserve(std::uintptr_t from, std::uintptr_t end) noexcept;

  Exports* whole_;
  std::size_t count_ = 0;
  unsigned born_ = generation();
  std::span<std::byte> bytes_;
  // All objects with buffers out. Written with the GIL; read by the only thread of a child, which
  // sees a list that can be walked, at whatever moment the fork came.
  std::atomic<Exports*> next_{nullptr};
  std::atomic<Exports*>* before_ = nullptr;
};

}  // namespace cleave::python
