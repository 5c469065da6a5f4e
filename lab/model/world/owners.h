// Which processes map a large folio: two slots, a total and one doubt. What Linux keeps since 6.15.
#pragma once

#include <array>
#include <cstdint>

namespace lab::model {

struct Owners {
  struct Slot {
    std::uint8_t process = 0;  // from 1; 0: free
    std::uint8_t maps = 0;
    bool operator==(const Slot&) const = default;
  };
  std::array<Slot, 2> slots;
  std::uint8_t maps = 0;      // of all processes, a third one included
  bool maybe_shared = false;  // stays, wrongly, when a process without a slot is left alone
  std::uint16_t unused = 0;

  bool operator==(const Owners&) const = default;
  [[nodiscard]] bool one_process() const { return !maybe_shared || maps <= 1; }
};

/// One entry of `process` (from 1) more.
Owners with_map(Owners owners, std::uint8_t process);
/// One fewer. Requires: there was one.
Owners without_map(Owners owners, std::uint8_t process);

}  // namespace lab::model
