#include "backing/compressed/entries.h"

namespace cleave::detail::backing {

std::uint32_t Entries::take() noexcept {
  std::uint32_t number = unused_;
  if (number != kNone) {
    unused_ = entries_[number].older;
  } else if (fresh_ < entries_.size()) {
    number = fresh_++;
  } else {
    return kNone;
  }
  entries_[number] = {0, kNone, kNone, Kind::taken};
  ++used_;
  return number;
}

void Entries::give(std::uint32_t number) noexcept {
  leave(number);
  entries_[number] = {0, unused_, kNone, Kind::unused};
  unused_ = number;
  --used_;
}

void Entries::set(std::uint32_t number, Kind kind, std::uint64_t value) noexcept {
  leave(number);
  entries_[number] = {value, kNone, kNone, kind};
  if (kind == Kind::filled || kind == Kind::chunk) ++compressed_;
  if (kind != Kind::chunk) return;
  entries_[number].older = newest_;
  (newest_ == kNone ? oldest_ : entries_[newest_].newer) = number;
  newest_ = number;
}

// What it was.
void Entries::leave(std::uint32_t number) noexcept {
  const Entry& was = entries_[number];
  if (was.kind == Kind::filled || was.kind == Kind::chunk) --compressed_;
  if (was.kind != Kind::chunk) return;
  (was.older == kNone ? oldest_ : entries_[was.older].newer) = was.newer;
  (was.newer == kNone ? newest_ : entries_[was.newer].older) = was.older;
}

std::span<std::uint32_t> Entries::oldest(std::span<std::uint32_t> into) const noexcept {
  std::size_t count = 0;
  for (std::uint32_t n = oldest_; n != kNone && count < into.size(); n = entries_[n].newer) {
    into[count++] = n;
  }
  return into.first(count);
}

}  // namespace cleave::detail::backing
