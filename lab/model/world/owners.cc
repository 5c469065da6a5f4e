#include "lab/model/world/owners.h"

#include <algorithm>

namespace lab::model {

Owners with_map(Owners owners, std::uint8_t process) {
  const bool others = owners.maps != 0;
  ++owners.maps;
  for (Owners::Slot& slot : owners.slots) {
    if (slot.process != process) continue;
    ++slot.maps;
    return owners;
  }
  for (Owners::Slot& slot : owners.slots) {
    if (slot.process != 0) continue;
    slot = {process, 1};
    owners.maybe_shared = owners.maybe_shared || others;
    return owners;
  }
  return owners;  // no slot: shared already
}

Owners without_map(Owners owners, std::uint8_t process) {
  --owners.maps;
  for (Owners::Slot& slot : owners.slots) {
    if (slot.process == process && --slot.maps == 0) slot = {};
  }
  if (std::any_of(owners.slots.begin(), owners.slots.end(), [&](const Owners::Slot& slot) {
        return slot.process != 0 && slot.maps == owners.maps;
      })) {
    owners.maybe_shared = false;
  }
  return owners;
}

}  // namespace lab::model
