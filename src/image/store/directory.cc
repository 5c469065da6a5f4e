#include "image/store/directory.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/fail.h"
#include "image/store/key.h"
#include "sync/allocator.h"

namespace cleave {

ImageStore::~ImageStore() = default;

void ImageStore::will_get(std::string_view /*key*/, std::span<const Part> /*parts*/) {}

Result<bool> ImageStore::swap_for_now(std::string_view name, std::uint64_t generation,
                                      std::span<const std::byte> bytes) {
  return swap(name, generation, bytes);
}

namespace detail::image {
namespace {

constexpr const char* kPacks = "packs";

std::string file_of(std::uint64_t generation) {
  std::string digits(16, '0');
  for (unsigned i = 0; i < 16; ++i) digits[15 - i] = "0123456789abcdef"[generation >> 4 * i & 15];
  return digits;
}

std::optional<std::uint64_t> generation_of(const std::string& file) {
  std::uint64_t generation = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), generation, 16);
  if (error != std::errc() || file_of(generation) != file) return std::nullopt;
  return generation;
}

}  // namespace

std::string DirectoryStore::path_of(std::string_view key) const {
  return path_ + "/" + std::string(key);
}

std::string DirectoryStore::folder_of_cell(std::string_view name) const {
  return path_ + "/cells/" + std::string(name);
}

Result<void> DirectoryStore::prepare() {
  for (const char* folder : {kPacks, "cells", "cells/root"}) {
    if (auto made = disk_->make_folder(path_of(folder)); !made) return made;
  }
  if (auto synced = disk_->sync_folder(path_ + "/cells"); !synced) return synced;
  return disk_->sync_folder(path_);
}

Result<bool> DirectoryStore::put(std::string_view key, std::span<const std::byte> bytes) {
  const std::size_t slash = key.rfind('/');
  if (!is_key(key) || slash == key.npos) return no_key();
  return or_lost([&] {
    put_.push_back(path_of(key));
    return disk_->publish_later(path_of(key.substr(0, slash)), std::string(key.substr(slash + 1)),
                                bytes);
  });
}

Result<void> DirectoryStore::publish_rest() {
  return or_lost([&] { return disk_->publish_rest(); });
}

// Whose put fails gives up: what it had put before is not wanted any more, and where the disk is
// full it would be in the way of who makes room. Where memory runs out objects may be lost, too.
template <class Call>
auto DirectoryStore::or_lost(Call call) -> decltype(call()) {
  auto done = sync::or_no_memory("out of memory in a store of images", call);
  if (!done) {
    lost_ = done.error();
    disk_->drop_rest();
  }
  return done;
}

Result<std::vector<std::byte>> DirectoryStore::get(std::string_view key, std::uint64_t offset,
                                                   std::uint64_t size) {
  if (!is_key(key)) return no_key();
  if (auto done = publish_rest(); !done) return tl::unexpected(done.error());
  return disk_->read(path_of(key), offset, size);
}

void DirectoryStore::will_get(std::string_view key, std::span<const Part> parts) {
  if (is_key(key)) disk_->will_read(path_of(key), parts);
}

Result<std::vector<ImageStore::Item>> DirectoryStore::list(std::string_view prefix) {
  if (!is_key(prefix)) return no_key();
  if (auto done = publish_rest(); !done) return tl::unexpected(done.error());
  auto items = disk_->list(path_of(prefix));
  if (!items) return items;
  if (prefix == kPacks) lost_.reset();
  std::vector<Item> found;
  for (Item& item : *items) {
    std::string key = std::string(prefix) + "/" + item.key;
    if (is_key(key)) found.push_back({std::move(key), item.size});
  }
  return found;
}

Result<void> DirectoryStore::remove(std::string_view key) {
  if (!is_key(key)) return no_key();
  if (auto done = publish_rest(); !done) return done;
  return disk_->remove(path_of(key));
}

// The greatest generation; 0 where there is none.
Result<std::uint64_t> DirectoryStore::greatest(const std::string& folder, std::uint64_t* least) {
  const auto items = disk_->list(folder);
  if (!items) return tl::unexpected(items.error());
  std::uint64_t found = 0;
  std::uint64_t lowest = ~std::uint64_t{0};
  for (const Item& item : *items) {
    const auto generation = generation_of(item.key);
    if (!generation) continue;
    found = std::max(found, *generation);
    lowest = std::min(lowest, *generation);
  }
  if (least != nullptr) *least = lowest;
  return found;
}

// Between the list and the read, others may swap so often that what was listed is removed.
Result<ImageStore::Cell> DirectoryStore::cell(std::string_view name) {
  if (!is_key(name)) return no_key();
  const std::string folder = folder_of_cell(name);
  auto cell = read_cell(folder);
  if (cell) seen_.insert_or_assign(folder, *cell);
  return cell;
}

Result<ImageStore::Cell> DirectoryStore::read_cell(const std::string& folder) {
  for (std::uint64_t before = 0;;) {
    const auto generation = greatest(folder);
    if (!generation) return tl::unexpected(generation.error());
    if (*generation == 0) return Cell{};
    const auto items = disk_->list(folder);
    if (!items) return tl::unexpected(items.error());
    const std::string file = file_of(*generation);
    const auto item = std::ranges::find(*items, file, &Item::key);
    if (item != items->end()) {
      auto bytes = disk_->read(folder + "/" + file, 0, item->size);
      if (bytes) return Cell{*generation, std::move(*bytes)};
      if (bytes.error().code != Errc::not_mapped) return tl::unexpected(bytes.error());
    }
    if (*generation == before) {
      return fail(Errc::io, "the current generation of an image's root cannot be read");
    }
    before = *generation;
  }
}

Result<bool> DirectoryStore::swap(std::string_view name, std::uint64_t generation,
                                  std::span<const std::byte> bytes) {
  return succeed(name, generation, bytes, true);
}

// Packs that another process linked, and that a swap relies on, may not be durable yet.
Result<void> DirectoryStore::sync_packs() {
  for (const std::string& file : put_) {
    if (auto synced = disk_->sync_named(file); !synced) return synced;
  }
  put_.clear();
  return disk_->sync_folder(path_of(kPacks));
}

// Whether a generation is the one that cell() gave. A server of files may have lost that one with
// its power, which was not to last, or whose swap had not answered, and another of its number may
// have been made since. What a root ends with is a hash: none is the beginning of another.
Result<bool> DirectoryStore::is_as_seen(const std::string& folder, std::uint64_t generation) {
  const auto seen = seen_.find(folder);
  if (generation == 0 || seen == seen_.end() || seen->second.generation != generation) return true;
  const Bytes& bytes = seen->second.bytes;
  const auto now = disk_->read(folder + "/" + file_of(generation), 0, bytes.size());
  if (now) return *now == bytes;
  if (now.error().code == Errc::not_mapped) return false;
  return tl::unexpected(now.error());
}

// The file is synced before it has its name, as always: the next generation may be durable, and
// this one is seen until then. The name is made durable by the next one that lasts.
Result<bool> DirectoryStore::swap_for_now(std::string_view name, std::uint64_t generation,
                                          std::span<const std::byte> bytes) {
  return succeed(name, generation, bytes, false);
}

Result<bool> DirectoryStore::succeed(std::string_view name, std::uint64_t generation,
                                     std::span<const std::byte> bytes, bool lasts) {
  if (!is_key(name)) return no_key();
  (void)publish_rest();
  if (lost_) return tl::unexpected(*std::exchange(lost_, std::nullopt));
  const std::string folder = folder_of_cell(name);
  std::uint64_t least = 0;
  auto now = greatest(folder, &least);
  if (!now) return tl::unexpected(now.error());
  if (*now != generation) return false;
  if (auto same = is_as_seen(folder, generation); !same || !*same) return same;
  const std::uint64_t next = generation + 1;
  // No generation that is durable goes before a later one is.
  lasts = lasts || next - least >= 2 * kGenerationsKept;
  // Packs that another process linked, and that this swap relies on, may not be durable yet.
  if (auto synced = lasts ? disk_->sync_folder(path_of(kPacks)) : Result<void>(); !synced) {
    return tl::unexpected(synced.error());
  }
  if (auto synced = lasts ? sync_packs() : Result<void>(); !synced) {
    return tl::unexpected(synced.error());
  }
  const std::string file = folder + "/" + file_of(next);
  const auto made = disk_->publish(folder, file_of(next), bytes);
  if (!made || !*made) return made;
  auto synced = lasts ? disk_->sync_named(file) : Result<void>();
  if (synced && lasts) synced = disk_->sync_folder(folder);
  if (!synced) {
    return tl::unexpected(synced.error());
  }
  now = greatest(folder);
  if (!now) return tl::unexpected(now.error());
  if (*now > next + kGenerationsKept) {  // It may have been made, and removed, by others before.
    (void)disk_->remove(file);
    return fail(Errc::io, "an image's root moved on too quickly to say who swapped it; try again");
  }
  if (lasts) remove_old(folder, next, least);
  return true;
}

void DirectoryStore::remove_old(const std::string& folder, std::uint64_t greatest,
                                std::uint64_t least) {
  for (std::uint64_t old = least; old + kGenerationsKept < greatest; ++old) {
    (void)disk_->remove(folder + "/" + file_of(old));
  }
}

}  // namespace detail::image

Result<std::unique_ptr<ImageStore>> directory_store(const std::string& path) {
  auto store = std::make_unique<detail::image::DirectoryStore>(detail::image::real_disk(), path);
  if (auto made = store->prepare(); !made) return tl::unexpected(made.error());
  return std::unique_ptr<ImageStore>(std::move(store));
}

}  // namespace cleave
