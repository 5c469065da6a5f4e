#include "image/objects/objects.h"

#include <algorithm>

#include "base/fail.h"

namespace cleave::detail::image {

Result<Frame> Objects::frame(const Location& location) {
  for (int tries = 0;; ++tries) {  // What lies between here and the disk may have been at fault.
    const auto bytes =
        store_.get(key_of_pack(location.pack), location.entry.frame, location.entry.length);
    if (!bytes) return tl::unexpected(bytes.error());
    if (auto frame = decode_frame(*bytes)) return std::move(*frame);
    if (tries == 1) {
      return fail(Errc::io, "a frame of an image is damaged: `cleave image verify` says which");
    }
  }
}

Result<View> Objects::bytes_at(const Location& location) {
  auto kept = std::ranges::find_if(kept_, [&](const Kept& each) {
    return each.pack == location.pack && each.at == location.entry.frame;
  });
  if (kept == kept_.end()) {
    auto read = frame(location);
    if (!read) return tl::unexpected(read.error());
    kept_.push_front({location.pack, location.entry.frame, std::move(*read)});
    if (kept_.size() > kFramesKept) kept_.pop_back();
  } else {
    kept_.splice(kept_.begin(), kept_, kept);
  }
  const Frame& frame = kept_.front().frame;
  if (!is_inside(frame, location.entry)) {
    return fail(Errc::io, "an index of an image leads outside of a frame");
  }
  return View(frame.plain).subspan(location.entry.at, location.entry.size);
}

Result<View> Objects::read(const ImageId& id) {
  auto location = catalog_.find(id);
  auto bytes = location ? bytes_at(*location) : Result<View>(View{});
  if (!location || (!bytes && bytes.error().code == Errc::not_mapped)) {
    if (auto done = refresh_(); !done) return tl::unexpected(done.error());
    location = catalog_.find(id);
    if (!location) {
      return fail(Errc::io,
                  "an object of an image is in no pack: `cleave image verify` says which");
    }
    bytes = bytes_at(*location);
  }
  if (bytes && hash(*bytes) != id) {
    kept_.pop_front();
    return fail(
        Errc::io,
        "an object of an image is not what its name says: `cleave image verify` says which");
  }
  return bytes;
}

Result<NodeRecord> Objects::node(const ImageId& id, unsigned level) {
  const auto bytes = read(id);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto node = decode_node(*bytes);
  if (!node || node->level != level) {
    return fail(Errc::bad_argument, "a node of an image has no place where it is named");
  }
  return *node;
}

Result<ImageRecord> Objects::commit(const ImageId& id) {
  const auto bytes = read(id);
  if (!bytes) return tl::unexpected(bytes.error());
  auto record = decode_commit(*bytes);
  if (!record) return fail(Errc::bad_argument, "what is named as an image's commit is none");
  return std::move(*record);
}

}  // namespace cleave::detail::image
