#include "image/objects/catalog.h"

#include <set>

namespace cleave::detail::image {
namespace {

std::optional<ImageId> pack_of_key(std::string_view key) {
  return ImageId::parse(key.substr(key.rfind('/') + 1));
}

}  // namespace

std::string key_of_pack(const ImageId& pack) { return "packs/" + pack.hex(); }

Result<Catalog::Pack> read_pack(ImageStore& store, const ImageId& pack, std::uint64_t size) {
  const std::string key = key_of_pack(pack);
  if (size > kMostPack) return Catalog::Pack{size, {}, false};
  if (size >= kPackHeader + kPackTrailer) {
    const auto end = store.get(key, size - kPackTrailer, kPackTrailer);
    if (!end) return tl::unexpected(end.error());
    if (const auto trailer = decode_trailer(*end, size)) {
      const auto bytes = store.get(key, trailer->offset, trailer->count * kIndexEntry);
      if (!bytes) return tl::unexpected(bytes.error());
      if (auto index = decode_index(*bytes, *trailer)) {
        return Catalog::Pack{size, std::move(*index), true};
      }
    }
  }
  const auto all = store.get(key, 0, size);
  if (!all) return tl::unexpected(all.error());
  bool damaged = false;
  Index index = rebuild_index(*all, damaged);
  return Catalog::Pack{size, std::move(index), !damaged};
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
    packs_[*pack] = std::move(*read);
  }
  std::erase_if(packs_, [&](const auto& pack) { return !listed.contains(pack.first); });
  homes_.clear();
  for (const auto& pack : packs_) {
    if (!root.condemns(pack.first)) enter(pack);
  }
  return {};
}

void Catalog::enter(const std::pair<const ImageId, Pack>& pack) {
  for (std::uint32_t i = 0; i < pack.second.index.size(); ++i) {
    homes_.try_emplace(pack.second.index[i].id, Home{&pack, i});
  }
}

void Catalog::add(const ImageId& pack, std::uint64_t size, Index index) {
  enter(*packs_.insert_or_assign(pack, Pack{size, std::move(index), true}).first);
}

std::optional<Location> Catalog::find(const ImageId& id) const {
  const auto found = homes_.find(id);
  if (found == homes_.end()) return std::nullopt;
  const auto& [pack, contents] = *found->second.pack;
  return Location{pack, contents.index[found->second.number]};
}

}  // namespace cleave::detail::image
