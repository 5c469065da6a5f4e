#include "image/objects/objects.h"

#include <algorithm>
#include <utility>

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

std::list<Objects::Kept>::iterator Objects::find_kept(const ImageId& pack, std::uint32_t at) {
  return std::ranges::find_if(kept_,
                              [&](const Kept& each) { return each.pack == pack && each.at == at; });
}

void Objects::keep(const ImageId& pack, std::uint32_t at, Frame frame) {
  kept_.push_front({pack, at, std::move(frame)});
  if (kept_.size() > kFramesKept) kept_.pop_back();
}

Result<View> Objects::bytes_at(const Location& location) {
  const auto kept = find_kept(location.pack, location.entry.frame);
  if (kept == kept_.end()) {
    auto read = frame(location);
    if (!read) return tl::unexpected(read.error());
    keep(location.pack, location.entry.frame, std::move(*read));
  } else {
    kept_.splice(kept_.begin(), kept_, kept);
  }
  const Frame& frame = kept_.front().frame;
  if (!is_inside(frame, location.entry)) return View{};
  return View(frame.plain).subspan(location.entry.at, location.entry.size);
}

Result<View> Objects::look_for(const ImageId& id) {
  auto location = catalog_.find(id);
  auto bytes = location ? bytes_at(*location) : Result<View>(View{});
  if (location && (bytes || bytes.error().code != Errc::not_mapped)) return bytes;
  if (auto done = refresh_(); !done) return tl::unexpected(done.error());
  location = catalog_.find(id);
  if (location) return bytes_at(*location);
  return fail(Errc::io, "an object of an image is in no pack: `cleave image verify` says which");
}

// What was kept may be at fault, as may what lies between here and the disk: it is read once more.
Result<View> Objects::read(const ImageId& id) {
  for (int tries = 0; tries < 2; ++tries) {
    auto bytes = look_for(id);
    if (!bytes || hash(*bytes) == id) return bytes;
    kept_.pop_front();
  }
  return fail(Errc::io,
              "an object of an image is not what its name says: `cleave image verify` says which");
}

Result<View> Objects::page(const ImageId& id) {
  auto bytes = read(id);
  if (bytes && bytes->size() != kPageSize) {
    return fail(Errc::bad_argument, "a page of an image has not 4096 bytes");
  }
  return bytes;
}

void Objects::announce(std::span<const ImageId> ids) {
  std::optional<ImageId> pack;
  std::vector<ImageStore::Part> frames;
  const auto tell = [&] {
    if (pack) store_.will_get(key_of_pack(*pack), frames);
    frames.clear();
  };
  std::vector<Location> where;
  where.reserve(ids.size());
  for (const ImageId& id : ids) {
    if (const auto location = catalog_.find(id)) where.push_back(*location);
  }
  std::ranges::sort(where, {}, [](const Location& each) {
    return std::pair<const ImageId&, std::uint32_t>(each.pack, each.entry.frame);
  });
  for (const Location& location : where) {
    if (pack != location.pack) {
      tell();
      pack = location.pack;
    }
    const IndexEntry& entry = location.entry;
    if (!frames.empty() && frames.back().offset + frames.back().size == entry.frame) {
      frames.back().size += entry.length;
    } else if (frames.empty() || entry.frame >= frames.back().offset + frames.back().size) {
      frames.push_back({entry.frame, entry.length});
    }
  }
  tell();
}

std::size_t Objects::read_ahead(std::span<const ImageId> ids) {
  constexpr std::uint64_t kMostAhead = std::uint64_t{1} << 20;
  std::vector<IndexEntry> frames;  // one after the other in their pack
  std::optional<Location> first;
  std::uint64_t end = 0;  // a hostile index may have them overlap
  std::size_t served = 0;
  for (; served < ids.size(); ++served) {
    const auto location = catalog_.find(ids[served]);
    if (!location) break;
    const IndexEntry& entry = location->entry;
    if (!first) first = location;
    if (location->pack != first->pack || entry.frame < first->entry.frame) break;
    if (!frames.empty() && frames.back().frame == entry.frame) continue;
    const std::uint64_t its_end = std::uint64_t{entry.frame} + entry.length;
    const bool far = its_end - first->entry.frame > kMostAhead || frames.size() == kFramesKept / 2;
    if (!frames.empty() && far) break;
    frames.push_back(entry);
    end = std::max(end, its_end);
  }
  if (frames.size() < 2) return std::max<std::size_t>(served, 1);
  const std::uint64_t begin = frames.front().frame;
  const auto bytes = store_.get(key_of_pack(first->pack), begin, end - begin);
  if (!bytes) return served;
  for (const IndexEntry& entry : frames) {
    if (find_kept(first->pack, entry.frame) != kept_.end()) continue;
    auto frame = decode_frame(View(*bytes).subspan(entry.frame - begin, entry.length));
    if (frame) keep(first->pack, entry.frame, std::move(*frame));
  }
  return served;
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
