#include "image/objects/homes.h"

#include <algorithm>
#include <bit>

#include "image/format/id.h"

namespace cleave::detail::image {

// The object's, or the free one where it would be.
std::size_t Homes::slot_of(const ImageId& id) const {
  const std::size_t mask = slots_.size() - 1;
  const std::size_t value = HashOfId{}(id);
  std::size_t at = value & mask;
  while (slots_[at].pack != 0 && id_in(slots_[at]) != id) at = (at + 1) & mask;
  return at;
}

std::optional<Homes::Home> Homes::find(const ImageId& id) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[slot_of(id)];
  if (slot.pack == 0) return std::nullopt;
  return Home{packs_[slot.pack - 1], slot.number};
}

void Homes::put(const Slot& slot) {
  Slot& home = slots_[slot_of(id_in(slot))];
  if (home.pack != 0) return;
  home = slot;
  ++objects_;
}

void Homes::reserve(std::uint64_t objects) {
  const std::size_t wanted = std::bit_ceil(std::max<std::uint64_t>(2 * objects, 64));
  if (wanted <= slots_.size()) return;
  const std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(wanted));
  objects_ = 0;
  for (const Slot& slot : before) {
    if (slot.pack != 0) put(slot);
  }
}

void Homes::enter(const NamedPack& pack) {
  const Index& index = pack.second.index;
  reserve(objects_ + index.size());
  packs_.push_back(&pack);
  const auto number_of_pack = static_cast<std::uint32_t>(packs_.size());
  for (std::uint32_t i = 0; i < index.size(); ++i) put({number_of_pack, i});
}

void Homes::forget_all() {
  packs_.clear();
  std::ranges::fill(slots_, Slot{});
  objects_ = 0;
}

}  // namespace cleave::detail::image
