// Puts objects into frames, frames into packs, and packs into the store.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_set>

#include "image/format/random_bytes.h"
#include "image/objects/catalog.h"
#include "image/objects/frame_pipeline.h"

namespace cleave::detail::image {

/// What was added together lies together: pages; behind them the nodes that name pages; and behind
/// these commits and the nodes above, which a lazy checkout reads without the others. There are few
/// of these, and they wait for each other: they are in the last pack, or in one for each mebibyte.
/// Takes two packs' size of memory, and what a FramePipeline takes. After an error nothing is added
/// any more.
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
  /// Frames that lie one after the other in the pack, counted from the first of them.
  struct Part {
    OpenFrame open;
    Bytes frames;
    Index index;
    [[nodiscard]] std::uint64_t size() const;
  };
  /// By what they hold, in the order in which they lie in a pack.
  enum Which : std::uint8_t { kPages, kLeaves, kAbove };
  [[nodiscard]] static Which part_of(View object);
  void close_frame(Which which);
  void settle(bool all);
  void move_into(Index& index, Part& part);
  Result<void> put(bool above);

  ImageStore& store_;
  Catalog& catalog_;
  FramePipeline pipeline_;
  Bytes pack_;  // its room is kept from one pack to the next
  std::array<Part, 3> parts_;
  std::unordered_set<ImageId, HashOfId> added_;
  std::uint64_t bytes_put_ = 0;
};

}  // namespace cleave::detail::image
