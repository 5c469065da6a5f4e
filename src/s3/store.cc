#include "s3/store.h"

#include <algorithm>
#include <cerrno>
#include <new>

#include <cleave/image/s3.h>

#include "base/fail.h"
#include "base/uncancelled.h"
#include "image/format/random_bytes.h"
#include "image/store/key.h"
#include "s3/listing.h"

namespace cleave {
namespace detail::s3 {
namespace {

using image::is_key;
using image::no_key;

// A page has a thousand keys, of at most a kilobyte each.
constexpr std::uint64_t kMostOfAPage = 4 << 20;
// What is fetched at once where somebody reads on and on: a request takes some milliseconds.
constexpr std::uint64_t kFirstWindow = std::uint64_t{256} << 10;
constexpr std::uint64_t kMostWindow = std::uint64_t{4} << 20;
// A pack, all of which comes from a store that knows no ranges.
constexpr std::uint64_t kMostObject = std::uint64_t{16} << 20;
constexpr std::size_t kMostItems = std::size_t{1} << 20;

std::string key_of_cell(std::string_view name) { return "cells/" + std::string(name); }

tl::unexpected<Error> not_understood(const char* what) {
  return fail(Errc::io, what, Address{0}, EPROTO);
}

std::string_view text_of(const Bytes& body) {
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

}  // namespace

Result<void> S3Store::try_writing() {
  writes_ = try_conditions(client_);
  if (writes_ || writes_.error().code == Errc::unsupported || writes_.error().system == EACCES) {
    return {};
  }
  return tl::unexpected(writes_.error());
}

void S3Store::refuse_writing() {
  writes_ = fail(Errc::not_permitted, "the S3 store was opened for reading only");
}

Result<bool> S3Store::put(std::string_view key, std::span<const std::byte> bytes) {
  if (!is_key(key)) return no_key();
  if (!writes_) return tl::unexpected(writes_.error());
  const auto answer = client_.ask({.method = "PUT",
                                   .key = std::string(key),
                                   .headers = {{"if-none-match", "*"}},
                                   .body = bytes});
  if (!answer) return tl::unexpected(answer.error());
  if (answer->is_good()) return true;
  if (answer->is_refused_by_condition()) return answer->repeated && holds(key, bytes);
  return not_understood("the S3 store does not say whether it took an object");
}

// What was put twice, since its first answer was lost, is there: by the first try.
bool S3Store::holds(std::string_view key, std::span<const std::byte> bytes) {
  const auto there = get(key, 0, bytes.size());
  return there && std::ranges::equal(*there, bytes);
}

// Who reads on where it has read finds that it is here already. Who reads the same again wants it
// anew: what came was damaged.
Result<std::vector<std::byte>> S3Store::get(std::string_view key, std::uint64_t offset,
                                            std::uint64_t size) {
  if (!is_key(key)) return no_key();
  if (size == 0) return Bytes{};
  const bool goes_on = ahead_.key == key && ahead_.read_to == offset;
  if (!goes_on || ahead_.bytes.size() < offset - ahead_.offset + size) {
    const std::uint64_t window =
        goes_on ? std::min(std::max(2 * ahead_.window, kFirstWindow), kMostWindow) : 0;
    auto bytes = fetch(std::string(key), offset, std::max(size, window));
    if (!bytes) return bytes;
    ahead_ = {std::string(key), offset, offset, window, std::move(*bytes)};
  }
  if (ahead_.bytes.size() < offset - ahead_.offset + size) {
    return fail(Errc::not_mapped, "an object of an image's store is shorter than it has to be");
  }
  const auto from = ahead_.bytes.begin() + static_cast<std::ptrdiff_t>(offset - ahead_.offset);
  ahead_.read_to = offset + size;
  return Bytes(from, from + static_cast<std::ptrdiff_t>(size));
}

// As many as there are.
Result<Bytes> S3Store::fetch(const std::string& key, std::uint64_t offset, std::uint64_t size) {
  const std::string range =
      "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + size - 1);
  auto answer = client_.ask({.method = "GET",
                             .key = key,
                             .headers = {{"range", range}},
                             .most = std::max(offset + size, kMostObject)});
  if (!answer) return tl::unexpected(answer.error());
  if (answer->is_not_there()) {
    return fail(Errc::not_mapped, "an image's store has no such object: it was removed, or lost");
  }
  if (answer->is_beyond_the_end()) return Bytes{};
  Bytes& body = answer->response.body;
  const bool is_part = answer->response.status == 206;
  if (is_part && answer->response.first.value_or(offset) != offset) {
    return not_understood("the S3 store gives another part of an object than was asked for");
  }
  if (!is_part) {  // It may give all where it was asked for a part.
    const std::uint64_t before = std::min<std::uint64_t>(offset, body.size());
    body.erase(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(before));
  }
  return std::move(body);
}

Result<std::vector<ImageStore::Item>> S3Store::list(std::string_view prefix) {
  if (!is_key(prefix)) return no_key();
  std::vector<Item> found;
  std::vector<Parameter> query{{"list-type", "2"},
                               {"prefix", client_.prefix() + std::string(prefix) + "/"}};
  for (std::string next;;) {
    std::vector<Parameter> page = query;
    if (!next.empty()) page.push_back({"continuation-token", next});
    const auto answer =
        client_.ask({.method = "GET", .key = {}, .query = page, .most = kMostOfAPage});
    if (!answer) return tl::unexpected(answer.error());
    auto listing = answer->is_good() ? parse_listing(text_of(answer->response.body)) : std::nullopt;
    if (!listing || (!listing->next.empty() && listing->items.empty())) {
      return not_understood("the S3 store's list cannot be understood");
    }
    for (Item& item : listing->items) {
      if (!item.key.starts_with(client_.prefix())) continue;
      item.key.erase(0, client_.prefix().size());
      if (is_key(item.key)) found.push_back(std::move(item));
    }
    if (found.size() > kMostItems) {
      return fail(Errc::no_memory, "more than a million packs in a store; collect more often");
    }
    if (listing->next.empty()) return found;
    next = std::move(listing->next);
  }
}

Result<void> S3Store::remove(std::string_view key) {
  if (!is_key(key)) return no_key();
  if (!writes_) return tl::unexpected(writes_.error());
  const auto answer = client_.ask({.method = "DELETE", .key = std::string(key)});
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

Result<ImageStore::Cell> S3Store::look(std::string_view name, Seen& seen) {
  const auto answer =
      client_.ask({.method = "GET", .key = key_of_cell(name), .most = image::kMostCell});
  if (!answer) return tl::unexpected(answer.error());
  seen = {std::string(name), 0, {}, {}};
  if (answer->is_not_there()) return Cell{};
  auto object = image::decode_cell(answer->response.body);
  if (!answer->is_good() || !object) {
    return fail(Errc::io, "the root of a repository of images is damaged in its S3 store");
  }
  seen.generation = object->cell.generation;
  seen.etag = answer->response.etag;
  seen.swaps = std::move(object->swaps);
  return std::move(object->cell);
}

Result<ImageStore::Cell> S3Store::cell(std::string_view name) {
  if (!is_key(name)) return no_key();
  seen_.reset();
  Seen seen;
  auto cell = look(name, seen);
  if (cell) seen_ = std::move(seen);
  return cell;
}

// A swap that was asked for twice is refused: for its own first try, or for another's swap. The
// cell says which.
Result<bool> S3Store::settle(std::string_view name, std::uint64_t generation,
                             const image::SwapId& mine) {
  Seen seen;
  const auto now = look(name, seen);
  if (!now) return tl::unexpected(now.error());
  if (std::ranges::find(seen.swaps, mine) != seen.swaps.end()) return true;
  if (seen.generation > generation && seen.generation - generation <= image::kSwapsKept) {
    return false;
  }
  return fail(Errc::io, "an answer of the S3 store was lost, and its cell has changed since");
}

Result<bool> S3Store::swap(std::string_view name, std::uint64_t generation,
                           std::span<const std::byte> bytes) {
  const Uncancelled here;
  if (!is_key(name)) return no_key();
  if (!writes_) return tl::unexpected(writes_.error());
  if (!seen_ || seen_->name != name || seen_->generation != generation) {
    if (auto now = cell(name); !now) return tl::unexpected(now.error());
    if (seen_->generation != generation) return false;
  }
  const image::SwapId mine = image::random_bytes();
  std::vector<image::SwapId> swaps = std::move(seen_->swaps);
  swaps.push_back(mine);
  const Bytes object = image::encode_cell(generation + 1, swaps, bytes);
  Parameter condition{"if-none-match", "*"};
  if (generation != 0) condition = {"if-match", if_match(seen_->etag, *writes_)};
  seen_.reset();
  const auto answer = client_.ask({.method = "PUT",
                                   .key = key_of_cell(name),
                                   .headers = {std::move(condition)},
                                   .body = object});
  if (!answer) return tl::unexpected(answer.error());
  if (answer->is_good()) return true;
  if (answer->repeated) return settle(name, generation, mine);
  if (answer->is_refused_by_condition()) return false;
  return not_understood("the S3 store does not say whether it swapped a cell");
}

}  // namespace detail::s3

Result<std::unique_ptr<ImageStore>> s3_store(std::string_view url, const S3Options& options) try {
  auto target = detail::s3::target_of(url, options);
  if (!target) return tl::unexpected(target.error());
  auto store = std::make_unique<detail::s3::S3Store>(
      detail::s3::Client(std::move(*target), [] { return std::time(nullptr); }));
  if (options.read_only) {
    store->refuse_writing();
  } else if (auto tried = store->try_writing(); !tried) {
    return tl::unexpected(tried.error());
  }
  return std::unique_ptr<ImageStore>(std::move(store));
} catch (const std::bad_alloc&) {
  return detail::fail(Errc::no_memory, "out of memory for a store in S3");
}

}  // namespace cleave
