// Objects by their ids, out of frames.
#pragma once

#include <functional>
#include <list>

#include "image/format/frame.h"
#include "image/format/node.h"
#include "image/objects/catalog.h"

namespace cleave::detail::image {

/// Reads objects, and compares each with its id: what comes out of here is what was put.
class Objects {
 public:
  /// `refresh` makes the catalog what the store has now.
  Objects(ImageStore& store, const Catalog& catalog, std::function<Result<void>()> refresh)
      : store_(store), catalog_(catalog), refresh_(std::move(refresh)) {}

  /// The bytes, until the next call. Errors: io (it is nowhere, or what the store gave is damaged:
  /// asked for twice). A pack that a collector has removed meanwhile is looked for again.
  Result<View> read(const ImageId& id);
  Result<NodeRecord> node(const ImageId& id, unsigned level);
  Result<ImageRecord> commit(const ImageId& id);
  [[nodiscard]] const Catalog& catalog() const { return catalog_; }

 private:
  // Frames that were read by last: neighbours of an object are wanted soon.
  static constexpr std::size_t kFramesKept = 64;
  struct Kept {
    ImageId pack;
    std::uint32_t at = 0;
    Frame frame;
  };
  Result<Frame> frame(const Location& location);
  Result<View> bytes_at(const Location& location);

  ImageStore& store_;
  const Catalog& catalog_;
  std::function<Result<void>()> refresh_;
  std::list<Kept> kept_;  // the latest first
};

/// Whether the object at `entry` of `frame` is inside of it.
inline bool is_inside(const Frame& frame, const IndexEntry& entry) {
  return std::uint64_t{entry.at} + entry.size <= frame.plain.size();
}

}  // namespace cleave::detail::image
