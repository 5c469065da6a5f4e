#include "adapters/python/runtime/lent.h"

#include <sys/mman.h>

#include <pybind11/pybind11.h>

#include <cleave/units.h>

namespace cleave::python {
namespace {

std::atomic<Lent*> all_lent{nullptr};

}  // namespace

void Lending::expect_none(const char* what) const {
  if (count_ == 0 || born_ != generation()) return;
  PyErr_Format(PyExc_BufferError,
               "the %s stays open: %zu memoryview%s or NumPy array%s over its memory %s in use",
               what, count_, count_ == 1 ? "" : "s", count_ == 1 ? "" : "s",
               count_ == 1 ? "is" : "are");
  throw pybind11::error_already_set();
}

Lent::Lent(std::span<std::byte> bytes, Lending* of) noexcept
    : bytes_(bytes), of_(of), next_(all_lent.load(std::memory_order_relaxed)), before_(&all_lent) {
  if (of_ != nullptr) ++of_->count_;
  if (Lent* const after = next_.load(std::memory_order_relaxed)) after->before_ = &next_;
  all_lent.store(this, std::memory_order_release);
}

Lent::~Lent() {
  if (of_ != nullptr) --of_->count_;
  Lent* const after = next_.load(std::memory_order_relaxed);
  before_->store(after, std::memory_order_release);
  if (after != nullptr) after->before_ = before_;
}

// The kernel refuses, and changes nothing, where something is mapped: a part that was reserved
// already, or memory of the child's own.
void Lent::reserve(std::uintptr_t from, std::uintptr_t end) noexcept {
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

void Lent::reserve_in_child() noexcept {
  for (Lent* each = all_lent.load(std::memory_order_acquire); each != nullptr;
       each = each->next_.load(std::memory_order_acquire)) {
    const auto from = reinterpret_cast<std::uintptr_t>(each->bytes_.data());
    const auto end = from + each->bytes_.size();
    if (from == end) continue;
    reserve(from / kPageSize * kPageSize, (end + kPageSize - 1) / kPageSize * kPageSize);
  }
}

}  // namespace cleave::python
