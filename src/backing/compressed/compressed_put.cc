// Pages into compressed memory, and the oldest on to the next backing.

#include <algorithm>
#include <cstring>

#include "backing/compressed/compressed.h"
#include "backing/compressed/packing.h"
#include "backing/page.h"
#include "base/fail.h"

namespace cleave::detail::backing {
namespace {

constexpr Error kFull{Errc::no_memory,
                      "compressed memory is full (CompressedOptions::bytes): drop pages, allow for "
                      "more, or give it a next backing"};
constexpr Error kTooMany{Errc::no_memory,
                         "compressed memory has as many pages as CompressedOptions::pages allows: "
                         "drop some, or allow for more"};

// A page that compresses to more than this is better off on a disk.
constexpr std::size_t kWorthIt = kPageSize * 3 / 4;
// Without a disk, what saves anything is worth it.
constexpr std::size_t kWorthAnything = kPageSize - 2 * sizeof(ChunkHeader);

}  // namespace

// One call.
class Compressed::Putting {
 public:
  Putting(Compressed& to, std::span<const std::byte* const> pages, std::span<Place> places)
      : to_(to), pages_(pages), places_(places) {}

  void run() {
    to_.putting_.assume_held();  // by Compressed::put()
    for (std::size_t page = 0; page < pages_.size(); ++page) {
      if (!put(page)) break;
    }
    send_through();
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  void failed(std::size_t page, const Error& why) {
    if (page >= first_failed_) return;
    first_failed_ = page;
    error_ = why;
  }

  // False: no later page has a chance.
  bool put(std::size_t page) CLEAVE_REQUIRES(to_.putting_) {
    const std::uint32_t entry = take_entry(page);
    if (entry == Entries::kNone) return false;
    copy_page_once(to_.page_, pages_[page]);
    if (const auto word = only_word(to_.page_)) {
      set(page, entry, Kind::filled, *word);
      return true;
    }
    const std::size_t most = to_.next_ != nullptr ? kWorthIt : kWorthAnything;
    const std::uint32_t bytes = pack(to_.page_, to_.packed_.first(most), to_.packing_);
    if (bytes != 0) return keep(page, entry, to_.packed_.first(bytes));
    if (to_.next_ == nullptr) return keep(page, entry, {to_.page_, kPageSize});
    through_[through_count_] = pages_[page];
    through_pages_[through_count_] = page;
    through_entries_[through_count_] = entry;
    if (++through_count_ == kBatch) send_through();
    return true;
  }

  void set(std::size_t page, std::uint32_t entry, Kind kind, std::uint64_t value) {
    const sync::BareGuard guard(to_.lock_);
    to_.entries_.set(entry, kind, value);
    places_[page] = place_of(entry);
  }
  void give(std::uint32_t entry) {
    const sync::BareGuard guard(to_.lock_);
    to_.entries_.give(entry);
  }

  std::uint32_t take_entry(std::size_t page) CLEAVE_REQUIRES(to_.putting_) {
    for (;;) {
      {
        const sync::BareGuard guard(to_.lock_);
        const std::uint64_t more = to_.entries_.bytes_with_one_more() - to_.entries_.bytes();
        if (more == 0 || to_.taken() + more <= to_.bytes_ || to_.chunks_.shrink()) {
          const std::uint32_t entry = to_.entries_.take();
          if (entry == Entries::kNone) failed(page, kTooMany);
          return entry;
        }
      }
      if (!make_room(page)) return Entries::kNone;
    }
  }

  bool keep(std::size_t page, std::uint32_t entry, std::span<const std::byte> bytes)
      CLEAVE_REQUIRES(to_.putting_) {
    for (;;) {
      {
        const sync::BareGuard guard(to_.lock_);
        const std::uint64_t most = to_.bytes_ - to_.fixed_bytes_ - to_.entries_.bytes();
        const auto chunk = to_.chunks_.take(static_cast<std::uint32_t>(bytes.size()), entry, most);
        if (chunk) {
          std::memcpy(to_.chunks_.bytes_of(*chunk).data(), bytes.data(), bytes.size());
          to_.entries_.set(entry, Kind::chunk, static_cast<std::uint64_t>(*chunk));
          places_[page] = place_of(entry);
          return true;
        }
      }
      if (!make_room(page)) {
        give(entry);
        return false;
      }
    }
  }

  // A slab less is in use then, or some chunks fewer.
  bool make_room(std::size_t page) CLEAVE_REQUIRES(to_.putting_) {
    {
      const sync::BareGuard guard(to_.lock_);
      const bool compacted = to_.chunks_.compact([this](std::uint32_t owner, ChunkId chunk) {
        to_.lock_.assume_held();  // by make_room()
        to_.entries_.move(owner, static_cast<std::uint64_t>(chunk));
      });
      if (compacted) return true;
    }
    if (to_.next_ == nullptr) {
      failed(page, kFull);
      return false;
    }
    return send_oldest(page);
  }

  // The oldest chunks go to the next backing. One of them may be dropped meanwhile, but its entry
  // is not taken again: that only this thread does.
  bool send_oldest(std::size_t page) CLEAVE_REQUIRES(to_.putting_) {
    std::array<std::uint32_t, kBatch> room;
    std::span<std::uint32_t> oldest;
    {
      const sync::BareGuard guard(to_.lock_);
      oldest = to_.entries_.oldest(room);
    }
    std::array<const std::byte*, kBatch> leaving;
    std::array<Place, kBatch> places{};
    std::size_t count = 0;
    for (const std::uint32_t entry : oldest) {
      std::byte* const copy = to_.leaving_ + count * kPageSize;
      const auto got = to_.get_here(place_of(entry), copy);
      if (!got || got->kind != Kind::chunk) continue;
      oldest[count] = entry;
      leaving[count++] = copy;
    }
    if (count == 0) {
      // All were dropped, which made room; or there was none, and the entries take all of it.
      if (oldest.empty()) failed(page, kFull);
      return !oldest.empty();
    }
    const auto put = to_.next_->put({leaving.data(), count}, {places.data(), count});
    std::size_t left = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (places[i] == Place::none) continue;
      ++left;
      if (!went_on(oldest[i], places[i])) to_.next_->drop(places[i]);
    }
    if (left == 0 && !put) failed(page, put.error());
    return left != 0;
  }

  // False: it was dropped meanwhile.
  bool went_on(std::uint32_t entry, Place place) {
    const sync::BareGuard guard(to_.lock_);
    const Entries::Entry was = to_.entries_.at(entry);
    if (was.kind != Kind::chunk) return false;
    to_.chunks_.give(ChunkId{static_cast<std::uint32_t>(was.value)});
    to_.entries_.set(entry, Kind::below, static_cast<std::uint64_t>(place));
    return true;
  }

  // What does not compress goes through to the next backing.
  void send_through() {
    if (through_count_ == 0) return;
    std::array<Place, kBatch> places{};
    const auto put =
        to_.next_->put({through_.data(), through_count_}, {places.data(), through_count_});
    for (std::size_t i = 0; i < through_count_; ++i) {
      if (places[i] != Place::none) {
        set(through_pages_[i], through_entries_[i], Kind::below,
            static_cast<std::uint64_t>(places[i]));
      } else {
        give(through_entries_[i]);
        if (!put) failed(through_pages_[i], put.error());
      }
    }
    through_count_ = 0;
  }

  Compressed& to_;
  std::span<const std::byte* const> pages_;
  std::span<Place> places_;
  std::array<const std::byte*, kBatch> through_{};
  std::array<std::size_t, kBatch> through_pages_{};
  std::array<std::uint32_t, kBatch> through_entries_{};
  std::size_t through_count_ = 0;
  std::size_t first_failed_ = ~std::size_t{0};
  std::optional<Error> error_;
};

Result<void> Compressed::put(std::span<const std::byte* const> pages, std::span<Place> places) {
  if (!memory_.is_here()) return backing_of_another_process();
  const sync::BareGuard guard(putting_);
  std::fill(places.begin(), places.end(), Place::none);
  Putting putting(*this, pages, places);
  putting.run();
  if (putting.error()) return tl::unexpected(*putting.error());
  return {};
}

}  // namespace cleave::detail::backing
