#include "backing/compressed/compressed.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "backing/compressed/packing.h"
#include "base/fail.h"

namespace cleave {
using namespace detail;
using namespace detail::backing;

Result<std::unique_ptr<Backing>> compressed(CompressedOptions options) {
  std::unique_ptr<Compressed> memory(new (std::nothrow) Compressed);
  if (memory == nullptr) return fail(Errc::no_memory, "out of memory allocating a backing");
  if (auto opened = memory->open(std::move(options)); !opened) {
    return tl::unexpected(opened.error());
  }
  return std::unique_ptr<Backing>(std::move(memory));
}

namespace detail::backing {
namespace {

constexpr std::uint64_t kLeast = std::uint64_t{1} << 20;
constexpr std::uint64_t kMost = std::uint64_t{1} << 38;  // what the names of chunks reach

}  // namespace

Result<void> Compressed::open(CompressedOptions options) {
  next_ = std::move(options.next);
  bytes_ = options.bytes.value;
  if (bytes_ < kLeast || bytes_ > kMost) {
    return fail(Errc::bad_argument, "CompressedOptions::bytes is 1 MiB to 256 GiB");
  }
  most_pages_ = options.pages;
  if (most_pages_ == 0) {
    const std::uint64_t wanted =
        bytes_ / kPageSize * 8 + (next_ != nullptr ? next_->most_pages() : 0);
    most_pages_ = std::min(wanted, bytes_ / 2 / sizeof(Entries::Entry));
  }
  if (most_pages_ >= Entries::kNone || most_pages_ * sizeof(Entries::Entry) > bytes_ / 2) {
    return fail(Errc::bad_argument,
                "CompressedOptions::pages at 24 bytes each would take more than half of its bytes: "
                "allow for more bytes or fewer pages");
  }
  const std::uint64_t slabs = bytes_ / kSlabBytes;
  const std::uint64_t fixed = kPageSize + Reservation::room_for<Chunks::Slab>(slabs) +
                              2 * kPageSize + Reservation::room_for<std::byte>(packing_bytes()) +
                              kBatch * kPageSize;
  auto made = Reservation::make(fixed + Reservation::room_for<Entries::Entry>(most_pages_) +
                                slabs * kSlabBytes);
  if (!made) return tl::unexpected(made.error());
  memory_ = std::move(*made);
  fixed_bytes_ = fixed;

  const sync::BareGuard putting(putting_);
  page_ = memory_.take_touched<std::byte>(kPageSize).data();
  packed_ = memory_.take_touched<std::byte>(kPageSize);
  packing_ = memory_.take_touched<std::byte>(packing_bytes()).data();
  leaving_ = memory_.take_touched<std::byte>(kBatch * kPageSize).data();
  const sync::BareGuard guard(lock_);
  const auto list = memory_.take_touched<Chunks::Slab>(slabs);
  entries_.begin(memory_.take<Entries::Entry>(most_pages_));
  chunks_.begin(memory_.take<std::byte>(slabs * kSlabBytes), list);
  return {};
}

// What is here; an entry of Kind::below is for the caller to follow.
Result<Entries::Entry> Compressed::get_here(Place place, std::byte* into) {
  std::array<std::byte, kPageSize> packed;
  std::span<std::byte> bytes;
  Entries::Entry entry{};
  {
    const sync::BareGuard guard(lock_);
    entry = entries_.at(entry_of(place));
    if (entry.kind == Kind::chunk) {
      const std::span<const std::byte> chunk =
          chunks_.bytes_of(ChunkId{static_cast<std::uint32_t>(entry.value)});
      bytes = std::span(packed).first(chunk.size());
      std::memcpy(bytes.data(), chunk.data(), chunk.size());
    }
  }
  switch (entry.kind) {
    case Kind::filled:
      fill(into, entry.value);
      return entry;
    case Kind::chunk:
      if (bytes.size() == kPageSize) {
        std::memcpy(into, bytes.data(), kPageSize);
      } else if (!unpack(bytes, into)) {
        return fail(Errc::io,
                    "a page in compressed memory is overwritten: the program has stored "
                    "where it should not");
      }
      return entry;
    case Kind::below:
      return entry;
    default:
      return fail(Errc::bad_argument, "no place of this compressed memory");
  }
}

Result<void> Compressed::get(std::span<const Place> places, std::span<std::byte* const> into) {
  if (!memory_.is_here()) return backing_of_another_process();
  std::array<Place, kBatch> below;
  std::array<std::byte*, kBatch> below_into;
  std::size_t count = 0;
  const auto fetch = [&] {
    return count == 0 ? Result<void>()
                      : next_->get({below.data(), count}, {below_into.data(), count});
  };
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto entry = get_here(places[i], into[i]);
    if (!entry) return tl::unexpected(entry.error());
    if (entry->kind != Kind::below) continue;
    below[count] = Place{entry->value};
    below_into[count] = into[i];
    if (++count < kBatch) continue;
    if (auto fetched = fetch(); !fetched) return fetched;
    count = 0;
  }
  return fetch();
}

void Compressed::drop(Place place) noexcept {
  if (!memory_.is_here()) return;
  Entries::Entry entry{};
  {
    const sync::BareGuard guard(lock_);
    entry = entries_.at(entry_of(place));
    if (entry.kind == Kind::unused || entry.kind == Kind::taken) return;
    if (entry.kind == Kind::chunk) chunks_.give(ChunkId{static_cast<std::uint32_t>(entry.value)});
    entries_.give(entry_of(place));
  }
  if (entry.kind == Kind::below) next_->drop(Place{entry.value});
}

BackingStatistics Compressed::statistics() const noexcept {
  BackingStatistics now;
  if (!memory_.is_here()) return now;
  if (next_ != nullptr) now = next_->statistics();
  const sync::BareGuard guard(lock_);
  now.pages = entries_.used();
  // A slab has room for fifteen pages as they are.
  now.capacity += std::min(
      most_pages_, (bytes_ - fixed_bytes_) / kSlabBytes * chunks_of(class_for(kLargestChunk)));
  now.compressed_pages = entries_.compressed();
  now.compressed_bytes = taken();
  return now;
}

}  // namespace detail::backing
}  // namespace cleave
