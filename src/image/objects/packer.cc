#include "image/objects/packer.h"

#include "base/fail.h"

namespace cleave::detail::image {

Result<void> Packer::add(const ImageId& id, View object) {
  if (object.size() > kMostObject) {
    return fail(Errc::bad_argument, "an object of an image is larger than 1 MiB");
  }
  Part& part = object.size() == kPageSize ? pages_ : rest_;
  if (!part.open.has_room_for(object)) close_frame(part);
  // What has no room any more goes into the next pack.
  if (pages_.size() + rest_.size() >= kFullPack) {
    if (auto done = flush(); !done) return done;
  }
  part.open.add(id, object);
  added_.insert(id);
  return {};
}

// With its index, which may be larger than what compresses well.
std::uint64_t Packer::Part::size() const { return frames.size() + index.size() * kIndexEntry; }

bool Packer::OpenFrame::has_room_for(View object) const {
  return sizes.empty() ||
         (sizes.size() < kMostInFrame && plain.size() + object.size() <= kMostFrame);
}

void Packer::OpenFrame::add(const ImageId& id, View object) {
  plain.insert(plain.end(), object.begin(), object.end());
  sizes.push_back(static_cast<std::uint32_t>(object.size()));
  ids.push_back(id);
}

void Packer::close_frame(Part& part) {
  OpenFrame& open = part.open;
  if (open.sizes.empty()) return;
  const Bytes frame = encode_frame(open.plain, open.sizes);
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < open.ids.size(); ++i) {
    part.index.push_back({open.ids[i], static_cast<std::uint32_t>(part.frames.size()),
                          static_cast<std::uint32_t>(frame.size()), at, open.sizes[i]});
    at += open.sizes[i];
  }
  part.frames.insert(part.frames.end(), frame.begin(), frame.end());
  open.plain.clear();
  open.sizes.clear();
  open.ids.clear();
}

void Packer::move_into(Bytes& pack, Index& index, Part& part) {
  close_frame(part);
  for (IndexEntry& entry : part.index) {
    entry.frame += static_cast<std::uint32_t>(pack.size());
    index.push_back(entry);
  }
  pack.insert(pack.end(), part.frames.begin(), part.frames.end());
  part.frames.clear();
  part.index.clear();
}

Result<void> Packer::flush() {
  if (added_.empty()) return {};
  Bytes pack = pack_header(random_bytes());
  Index index;
  move_into(pack, index, pages_);
  move_into(pack, index, rest_);
  const Bytes end = encode_index(index, pack.size());
  pack.insert(pack.end(), end.begin(), end.end());
  const ImageId name = hash(pack);
  const auto put = store_.put(key_of_pack(name), pack);
  if (!put) return tl::unexpected(put.error());
  bytes_put_ += pack.size();
  catalog_.add(name, pack.size(), std::move(index));
  added_.clear();
  return {};
}

}  // namespace cleave::detail::image
