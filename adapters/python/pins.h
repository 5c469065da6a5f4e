// cleave.Pin and cleave.Hold
#pragma once

#include <cstdint>
#include <utility>
#include <variant>

#include <pybind11/pybind11.h>

#include <cleave/arena_pin.h>
#include <cleave/hold.h>
#include <cleave/pin.h>

#include "adapters/python/runtime/handle.h"
#include "adapters/python/runtime/lent.h"

namespace cleave::python {

/// A pin on a space or an arena; the two look the same from Python.
using AnyPin = std::variant<Pin, ArenaPin>;

class PinObject : public Handle<AnyPin> {
 public:
  PinObject(AnyPin&& pin, PinAccess access)
      : Handle("pin", std::move(pin)), read_only_(access == PinAccess::read) {}

  [[nodiscard]] Lending& lending() noexcept { return lending_; }
  [[nodiscard]] bool is_read_only() const noexcept { return read_only_; }
  /// Raises BufferError if memory is lent.
  void close();

 private:
  Lending lending_;
  bool read_only_;
};

class HoldObject : public Handle<Hold> {
 public:
  /// `origin`: the address that Python counts from: the arena's, or 0.
  HoldObject(Hold&& hold, std::uint64_t origin)
      : Handle("hold", std::move(hold)), origin_(origin) {}

  [[nodiscard]] Lending& lending() noexcept { return lending_; }
  [[nodiscard]] std::uint64_t origin() const noexcept { return origin_; }
  /// Raises BufferError if memory is lent.
  void close();

 private:
  Lending lending_;
  std::uint64_t origin_;
};

void define_pins(pybind11::module_& module);

}  // namespace cleave::python
