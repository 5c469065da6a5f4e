#include "image/objects/packer.h"

#include "base/fail.h"
#include "image/format/node.h"

namespace cleave::detail::image {
namespace {

/// Of what lies above the leaves, before it is put.
constexpr std::uint64_t kMostAbove = std::uint64_t{1} << 20;

}  // namespace

Packer::Part& Packer::part_of(View object) {
  if (object.size() == kPageSize) return pages_;
  const auto node = decode_node(object);
  return node && node->level == 0 ? leaves_ : above_;
}

Result<void> Packer::add(const ImageId& id, View object) {
  if (object.size() > kMostObject) {
    return fail(Errc::bad_argument, "an object of an image is larger than 1 MiB");
  }
  Part& part = part_of(object);
  if (!part.open.has_room_for(object)) close_frame(part);
  // What has no room any more goes into the next pack.
  if (pages_.size() + leaves_.size() + above_.size() >= kFullPack) {
    if (auto done = put(above_.size() >= kMostAbove); !done) return done;
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
  const Bytes frame = encoder_.encode(open.plain, open.sizes);
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

void Packer::move_into(Index& index, Part& part) {
  close_frame(part);
  for (IndexEntry& entry : part.index) {
    entry.frame += static_cast<std::uint32_t>(pack_.size());
    index.push_back(entry);
  }
  pack_.insert(pack_.end(), part.frames.begin(), part.frames.end());
  part.frames.clear();
  part.index.clear();
}

Result<void> Packer::flush() {
  if (added_.empty()) return {};
  return put(true);
}

Result<void> Packer::put(bool all) {
  const Bytes begin = pack_header(random_bytes());
  pack_.assign(begin.begin(), begin.end());
  Index index;
  move_into(index, pages_);
  move_into(index, leaves_);
  if (all) move_into(index, above_);
  const Bytes end = encode_index(index, pack_.size());
  pack_.insert(pack_.end(), end.begin(), end.end());
  const ImageId name = hash(pack_);
  const auto stored = store_.put(key_of_pack(name), pack_);
  if (!stored) return tl::unexpected(stored.error());
  bytes_put_ += pack_.size();
  catalog_.add(name, pack_.size(), std::move(index));
  added_.clear();
  for (const IndexEntry& entry : above_.index) added_.insert(entry.id);
  added_.insert(above_.open.ids.begin(), above_.open.ids.end());
  return {};
}

}  // namespace cleave::detail::image
