// Which pack has which object.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include <cleave/error.h>
#include <cleave/image/store.h>

#include "image/format/id.h"
#include "image/format/pack.h"
#include "image/format/root.h"
#include "image/objects/homes.h"

namespace cleave::detail::image {

std::string key_of_pack(const ImageId& pack);

/// Where an object lies.
struct Location {
  ImageId pack;
  IndexEntry entry;
};

/// The indexes of all packs, read once each, as packs never change. Memory: 64 to 80 bytes
/// an object.
class Catalog {
 public:
  /// Makes it what the store lists now. To be called after `root` was looked at, never before: a
  /// pack that is gone may be condemned no longer. Objects of packs that it condemns count as
  /// lacking. A pack that cannot be read counts as one without objects.
  Result<void> refresh(ImageStore& store, const Root& root);
  /// A pack that was just put.
  void add(const ImageId& pack, std::uint64_t size, Index index);

  [[nodiscard]] std::optional<Location> find(const ImageId& id) const;
  [[nodiscard]] bool has(const ImageId& id) const { return homes_.find(id).has_value(); }
  [[nodiscard]] const std::map<ImageId, KnownPack>& packs() const { return packs_; }

 private:
  void know(const ImageId& pack, KnownPack known);
  void enter(NamedPack& pack);
  void forget_homes();

  std::map<ImageId, KnownPack> packs_;  // its elements stay where they are
  Homes homes_;
};

/// A pack: its index is the one at its end or, where that is damaged, made again of its frames.
Result<KnownPack> read_pack(ImageStore& store, const ImageId& pack, std::uint64_t size);

}  // namespace cleave::detail::image
