// Puts objects into frames, frames into packs, and packs into the store.
#pragma once

#include <cstdint>
#include <unordered_set>

#include "image/format/frame.h"
#include "image/format/random_bytes.h"
#include "image/objects/catalog.h"

namespace cleave::detail::image {

/// What was added together lies together. Takes a pack's size of memory.
class Packer {
 public:
  Packer(ImageStore& store, Catalog& catalog) : store_(store), catalog_(catalog) {}

  /// Whether the object is in the catalog, or was added here.
  [[nodiscard]] bool has(const ImageId& id) const {
    return catalog_.has(id) || added_.contains(id);
  }
  /// Adds one that it has not. Precondition: `id` is its hash.
  Result<void> add(const ImageId& id, View object);
  /// Puts what was added and is not in the store yet; the catalog has it then.
  Result<void> flush();
  [[nodiscard]] std::uint64_t bytes_put() const { return bytes_put_; }

 private:
  void close_frame();

  ImageStore& store_;
  Catalog& catalog_;
  Bytes plain_;
  std::vector<std::uint32_t> sizes_;
  std::vector<ImageId> ids_;
  Bytes pack_;
  Index index_;
  std::unordered_set<ImageId, HashOfId> added_;
  std::uint64_t bytes_put_ = 0;
};

}  // namespace cleave::detail::image
