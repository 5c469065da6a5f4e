// Memory of the library that Python objects look at.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "adapters/python/runtime/child.h"

namespace cleave::python {

/// How many pieces of an object's memory are lent. While there are any, it cannot be closed. With
/// the GIL.
class Lending {
 public:
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Raises BufferError if there are any; not in a child of fork(2), whose closing frees nothing.
  void expect_none(const char* what) const;

 private:
  friend class Lent;
  std::size_t count_ = 0;
  unsigned born_ = generation();
};

/// Memory that is lent while this lives: as long as a memoryview or a NumPy array refers to the
/// object that holds it. (To count buffers would not do: np.ndarray(buffer=...) gives the buffer
/// back at once, and keeps the address.) Made and destroyed with the GIL.
class Lent {
 public:
  /// `of`: what counts it, and outlives it; or nullptr.
  Lent(std::span<std::byte> bytes, Lending* of) noexcept;
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent();

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

  /// In a child of fork(2), before anything else: reserves the addresses of all that is lent, which
  /// the child does not have. An access through an old buffer then ends in SIGSEGV; it could meet
  /// memory of something else that the child came to map there.
  static void reserve_in_child() noexcept;

 private:
  static void reserve(std::uintptr_t from, std::uintptr_t end) noexcept;

  std::span<std::byte> bytes_;
  Lending* of_;
  // The list of all. Written with the GIL; read by the only thread of a child, which finds a list
  // that can be walked, at whatever moment the fork came.
  std::atomic<Lent*> next_;
  std::atomic<Lent*>* before_;
};

}  // namespace cleave::python
