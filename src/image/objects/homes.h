// Which of the packs that are known has an object: a table of 16 to 32 bytes for each, two to four
// slots of eight.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "image/format/pack.h"

namespace cleave::detail::image {

struct KnownPack {
  std::uint64_t size = 0;
  Index index;
  bool whole = true;     ///< false: its index may be another the next time
  bool entered = false;  ///< its objects are in Homes
};
using NamedPack = std::pair<const ImageId, KnownPack>;

/// Ids are as good as random, so that where one is looked for first is its own first bytes. Packs
/// must stay where they are, and keep their indexes, until they are forgotten.
class Homes {
 public:
  struct Home {
    const NamedPack* pack = nullptr;
    std::uint32_t number = 0;  ///< in its index
  };

  [[nodiscard]] std::optional<Home> find(const ImageId& id) const;
  /// All objects of a pack; those that have a home keep it.
  void enter(const NamedPack& pack);
  /// Makes room for so many objects in all.
  void reserve(std::uint64_t objects);
  void forget_all();

 private:
  struct Slot {
    std::uint32_t pack = 0;  // from 1 on; 0: nothing is here
    std::uint32_t number = 0;
  };
  [[nodiscard]] const ImageId& id_in(const Slot& slot) const {
    return packs_[slot.pack - 1]->second.index[slot.number].id;
  }
  [[nodiscard]] std::size_t slot_of(const ImageId& id) const;
  void put(const Slot& slot);

  std::vector<const NamedPack*> packs_;
  std::vector<Slot> slots_;  // as many as a power of two, at most half of them in use
  std::uint64_t objects_ = 0;
};

}  // namespace cleave::detail::image
