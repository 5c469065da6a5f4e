// Objects by their ids, out of frames.
#pragma once

#include <functional>
#include <list>
#include <span>

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
  /// The same of a page. Error: also bad_argument (it has not 4096 bytes).
  Result<View> page(const ImageId& id);
  Result<NodeRecord> node(const ImageId& id, unsigned level);
  Result<ImageRecord> commit(const ImageId& id);
  /// Tells the store that these are read soon: pack by pack, as they lie there.
  void announce(std::span<const ImageId> ids);
  /// Has the frames at hand in which these lie, as far as they are neighbours in one pack and take
  /// no more than a mebibyte: how many of `ids`, from the first, there is nothing more to do for.
  /// Says nothing of what could not be had: read() does.
  std::size_t read_ahead(std::span<const ImageId> ids);
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
  // Of the frame that is kept first then; nothing where the index leads outside of it.
  Result<View> bytes_at(const Location& location);
  Result<View> look_for(const ImageId& id);
  [[nodiscard]] std::list<Kept>::iterator find_kept(const ImageId& pack, std::uint32_t at);
  void keep(const ImageId& pack, std::uint32_t at, Frame frame);

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
