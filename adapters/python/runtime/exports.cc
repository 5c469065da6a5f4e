#include "adapters/python/runtime/exports.h"

#include <sys/mman.h>

#include <cstdint>

#include <pybind11/pybind11.h>

#include <cleave/units.h>

namespace cleave::python {
namespace {

std::atomic<Exports*> first{nullptr};

}  // namespace

int Exports::give(PyObject* exporter, Py_buffer* view, int flags, std::span<std::byte> bytes,
                  bool read_only) {
  if (PyBuffer_FillInfo(view, exporter, bytes.data(), static_cast<Py_ssize_t>(bytes.size()),
                        read_only ? 1 : 0, flags) != 0) {
    return -1;
  }
  view->internal = this;
  bytes_ = bytes;
  if (count_++ == 0) link();
  if (whole_ != nullptr) ++whole_->count_;
  return 0;
}

void Exports::take_back(PyObject*, Py_buffer* view) noexcept {
  auto& exports = *static_cast<Exports*>(view->internal);
  if (--exports.count_ == 0) exports.unlink();
  if (exports.whole_ != nullptr) --exports.whole_->count_;
}

void Exports::expect_none(const char* what) const {
  if (count_ == 0 || born_ != generation()) return;
  PyErr_Format(PyExc_BufferError,
               "the %s stays open: %zu memoryview%s or NumPy array%s over its memory %s in use",
               what, count_, count_ == 1 ? "" : "s", count_ == 1 ? "" : "s",
               count_ == 1 ? "is" : "are");
  throw pybind11::error_already_set();
}

void Exports::link() noexcept {
  Exports* const was = first.load(std::memory_order_relaxed);
  next_.store(was, std::memory_order_relaxed);
  before_ = &first;
  if (was != nullptr) was->before_ = &next_;
  first.store(this, std::memory_order_release);
}

void Exports::unlink() noexcept {
  Exports* const after = next_.load(std::memory_order_relaxed);
  before_->store(after, std::memory_order_release);
  if (after != nullptr) after->before_ = before_;
}

// The kernel refuses, and changes nothing, where something is mapped: a part that another object
// reserved, or memory of the child's own.
void Exports::reserve(std::uintptr_t from, std::uintptr_t end) noexcept {
  if (mmap(reinterpret_cast<void*>(from), end - from, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
           0) != MAP_FAILED ||
      end - from <= kPageSize) {
    return;
  }
  const std::uintptr_t middle = from + (end - from) / 2 / kPageSize * kPageSize;
  reserve(from, middle);
  reserve(middle, end);
}

void Exports::close_in_child() noexcept {
  for (Exports* each = first.load(std::memory_order_acquire); each != nullptr;
       each = each->next_.load(std::memory_order_acquire)) {
    const auto from = reinterpret_cast<std::uintptr_t>(each->bytes_.data());
    const auto end = from + each->bytes_.size();
    if (from == end) continue;
    reserve(from / kPageSize * kPageSize, (end + kPageSize - 1) / kPageSize * kPageSize);
  }
}

}  // namespace cleave::python
