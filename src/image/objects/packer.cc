#include "image/objects/packer.h"

#include <utility>

#include "base/fail.h"
#include "image/format/node.h"

namespace cleave::detail::image {
namespace {

/// Of what lies above the leaves, before it is put.
constexpr std::uint64_t kMostAbove = std::uint64_t{1} << 20;

}  // namespace

Packer::Which Packer::part_of(View object) {
  if (object.size() == kPageSize) return kPages;
  const auto node = decode_node(object);
  return node && node->level == 0 ? kLeaves : kAbove;
}

Result<void> Packer::add(const ImageId& id, View object) {
  if (object.size() > kMostObject) {
    return fail(Errc::bad_argument, "an object of an image is larger than 1 MiB");
  }
  const Which which = part_of(object);
  if (!parts_[which].open.has_room_for(object)) {
    close_frame(which);
    settle(false);
  }
  // What has no room any more goes into the next pack.
  std::uint64_t size = 0;
  for (const Part& part : parts_) size += part.size();
  if (size >= kFullPack) {
    if (auto done = put(parts_[kAbove].size() >= kMostAbove); !done) return done;
  }
  parts_[which].open.add(id, object);
  added_.insert(id);
  return {};
}

// With its index, which may be larger than what compresses well.
std::uint64_t Packer::Part::size() const { return frames.size() + index.size() * kIndexEntry; }

void Packer::close_frame(Which which) {
  Part& part = parts_[which];
  if (!part.open.sizes.empty()) pipeline_.give(which, std::exchange(part.open, {}));
}

// Frames that are compressed get their places.
void Packer::settle(bool all) {
  while (const auto done = pipeline_.take(all)) {
    Part& part = parts_[done->part];
    const auto length = static_cast<std::uint32_t>(done->encoded.size());
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < done->open.ids.size(); ++i) {
      const std::uint32_t size = done->open.sizes[i];
      part.index.push_back(
          {done->open.ids[i], static_cast<std::uint32_t>(part.frames.size()), length, at, size});
      at += size;
    }
    part.frames.insert(part.frames.end(), done->encoded.begin(), done->encoded.end());
  }
}

void Packer::move_into(Index& index, Part& part) {
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
  for (const Which which : {kPages, kLeaves, kAbove}) close_frame(which);
  settle(true);
  return put(true);
}

Result<void> Packer::put(bool above) {
  const Bytes begin = pack_header(random_bytes());
  pack_.assign(begin.begin(), begin.end());
  Index index;
  move_into(index, parts_[kPages]);
  move_into(index, parts_[kLeaves]);
  if (above) move_into(index, parts_[kAbove]);
  const Bytes end = encode_index(index, pack_.size());
  pack_.insert(pack_.end(), end.begin(), end.end());
  const ImageId name = hash(pack_);
  const auto stored = store_.put(key_of_pack(name), pack_);
  if (!stored) return tl::unexpected(stored.error());
  bytes_put_ += pack_.size();
  for (const IndexEntry& entry : index) added_.erase(entry.id);
  catalog_.add(name, pack_.size(), std::move(index));
  return {};
}

}  // namespace cleave::detail::image
