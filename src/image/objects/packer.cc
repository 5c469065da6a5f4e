#include "image/objects/packer.h"

#include "base/fail.h"

namespace cleave::detail::image {

Result<void> Packer::add(const ImageId& id, View object) {
  if (object.size() > kMostObject) {
    return fail(Errc::bad_argument, "an object of an image is larger than 1 MiB");
  }
  if (!sizes_.empty() &&
      (sizes_.size() == kMostInFrame || plain_.size() + object.size() > kMostFrame)) {
    close_frame();
  }
  // What has no room any more goes into the next pack.
  if (pack_.size() >= kFullPack) {
    if (auto done = flush(); !done) return done;
  }
  plain_.insert(plain_.end(), object.begin(), object.end());
  sizes_.push_back(static_cast<std::uint32_t>(object.size()));
  ids_.push_back(id);
  added_.insert(id);
  return {};
}

void Packer::close_frame() {
  if (sizes_.empty()) return;
  if (pack_.empty()) pack_ = pack_header(random_bytes());
  const Bytes frame = encode_frame(plain_, sizes_);
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    index_.push_back({ids_[i], static_cast<std::uint32_t>(pack_.size()),
                      static_cast<std::uint32_t>(frame.size()), at, sizes_[i]});
    at += sizes_[i];
  }
  pack_.insert(pack_.end(), frame.begin(), frame.end());
  plain_.clear();
  sizes_.clear();
  ids_.clear();
}

Result<void> Packer::flush() {
  close_frame();
  if (pack_.empty()) return {};
  const Bytes end = encode_index(index_, pack_.size());
  pack_.insert(pack_.end(), end.begin(), end.end());
  const ImageId name = hash(pack_);
  const auto put = store_.put(key_of_pack(name), pack_);
  if (!put) return tl::unexpected(put.error());
  bytes_put_ += pack_.size();
  catalog_.add(name, pack_.size(), std::move(index_));
  pack_.clear();
  index_.clear();
  added_.clear();
  return {};
}

}  // namespace cleave::detail::image
