#include "image/objects/catalog.h"

#include <algorithm>
#include <set>

namespace cleave::detail::image {
namespace {

std::optional<ImageId> pack_of_key(std::string_view key) {
  return ImageId::parse(key.substr(key.rfind('/') + 1));
}

}  // namespace

std::string key_of_pack(const ImageId& pack) { return "packs/" + pack.hex(); }

Result<KnownPack> read_pack(ImageStore& store, const ImageId& pack, std::uint64_t size) {
  const std::string key = key_of_pack(pack);
  if (size > kMostPack) return KnownPack{size, {}, false};
  if (size >= kPackHeader + kPackTrailer) {
    const auto end = store.get(key, size - kPackTrailer, kPackTrailer);
    if (!end) return tl::unexpected(end.error());
    if (const auto trailer = decode_trailer(*end, size)) {
      const auto bytes = store.get(key, trailer->offset, trailer->count * kIndexEntry);
      if (!bytes) return tl::unexpected(bytes.error());
      if (auto index = decode_index(*bytes, *trailer)) {
        return KnownPack{size, std::move(*index), true};
      }
    }
  }
  const auto all = store.get(key, 0, size);
  if (!all) return tl::unexpected(all.error());
  bool damaged = false;
  Index index = rebuild_index(*all, damaged);
  return KnownPack{size, std::move(index), !damaged};
}

Result<void> Catalog::refresh(ImageStore& store, const Root& root) {
  const auto items = store.list("packs");
  if (!items) return tl::unexpected(items.error());
  std::set<ImageId> listed;
  for (const ImageStore::Item& item : *items) {
    const auto pack = pack_of_key(item.key);
    if (!pack) continue;
    listed.insert(*pack);
    if (const auto known = packs_.find(*pack); known != packs_.end() && known->second.whole) {
      continue;
    }
    auto read = read_pack(store, *pack, item.size);
    if (!read && read.error().code == Errc::not_mapped) {
      listed.erase(*pack);  // It was removed meanwhile, or is shorter than the list says.
      continue;
    }
    if (!read) return tl::unexpected(read.error());
    know(*pack, std::move(*read));
  }
  const auto is_gone = [&](const auto& pack) { return !listed.contains(pack.first); };
  const auto is_condemned = [&](const auto& pack) { return root.condemns(pack.first); };
  const bool stale = std::ranges::any_of(packs_, [&](const auto& pack) {
    return pack.second.entered && (is_gone(pack) || is_condemned(pack));
  });
  if (stale) forget_homes();
  std::erase_if(packs_, is_gone);
  std::uint64_t objects = 0;
  for (const auto& pack : packs_) objects += pack.second.index.size();
  homes_.reserve(objects);
  for (auto& pack : packs_) {
    if (!pack.second.entered && !is_condemned(pack)) enter(pack);
  }
  return {};
}

void Catalog::forget_homes() {
  homes_.forget_all();
  for (auto& pack : packs_) pack.second.entered = false;
}

// What has a home in an index must not find another one there.
void Catalog::know(const ImageId& pack, KnownPack known) {
  const auto before = packs_.find(pack);
  if (before != packs_.end() && before->second.entered) forget_homes();
  packs_.insert_or_assign(pack, std::move(known));
}

void Catalog::enter(NamedPack& pack) {
  homes_.enter(pack);
  pack.second.entered = true;
}

void Catalog::add(const ImageId& pack, std::uint64_t size, Index index) {
  know(pack, {size, std::move(index)});
  enter(*packs_.find(pack));
}

std::optional<Location> Catalog::find(const ImageId& id) const {
  const auto home = homes_.find(id);
  if (!home) return std::nullopt;
  return Location{home->pack->first, home->pack->second.index[home->number]};
}

}  // namespace cleave::detail::image
