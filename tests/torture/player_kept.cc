// Forks, snapshots and holds: what is kept never changes.
#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "tests/torture/player.h"

namespace cleave::torture {
std::unique_ptr<Player::Kept> Player::keep(Sort sort) {
  const Range range = any_range(kMostPages);
  Board& b = board(range.board);
  auto kept = std::make_unique<Kept>(Interval(b, range));
  const auto take = [&](auto&& result, Counts::Kind kind, const char* what) {
    kept->interval.end(b);
    if (!done(result, what)) {
      if (result.error().code == Errc::no_memory) drop();
      return false;
    }
    did(kind);
    using Taken = std::remove_cvref_t<decltype(*result)>;
    kept->what.template emplace<Taken>(std::move(*result));
    return true;
  };
  const bool taken =
      sort == Sort::fork ? take(b.space.fork(), Counts::forks, "fork")
      : sort == Sort::snapshot
          ? take(b.space.snapshot(), Counts::snapshots, "snapshot")
          : take(b.space.hold(address_of_page(range.first), ByteCount{range.pages * kPageSize}),
                 Counts::holds, "hold");
  if (!taken) return nullptr;

  if (!read_pages(*kept, kept->bytes, kept->there)) return nullptr;
  for (unsigned i = 0; i < range.pages; ++i) {
    if (!kept->there[i]) {
      if (kept->interval.stayed(i)) torture_.wrong("a page that was mapped is not in a fork", "");
      continue;
    }
    for (unsigned s = 0; s < kSectorsInPage; ++s) {
      constexpr std::array<const char*, 4> kWhere{"", "what a fork shows", "what a snapshot shows",
                                                  "what a hold shows"};
      check(kWhere[kept->what.index()], {range.board, range.first + i, s},
            sector_at(kept->bytes.data() + i * kPageSize + s * kSectorBytes),
            kept->interval.allowed(i, s, View::moment));
    }
  }
  return kept;
}

bool Player::read_pages(Kept& kept, std::vector<std::byte>& bytes,
                        std::array<bool, kMostPages>& there) {
  const Range range = kept.interval.range();
  bytes.assign(range.pages * kPageSize, std::byte{});
  for (unsigned i = 0; i < range.pages; ++i) {
    const Address from = address_of_page(range.first + i);
    const std::span<std::byte> into{bytes.data() + i * kPageSize, kPageSize};
    const auto read = std::visit(
        [&](const auto& what) -> Result<void> {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(what)>, std::monostate>) {
            return tl::unexpected(Error{Errc::not_mapped, "nothing is kept"});
          } else {
            return what.read(from, into);
          }
        },
        kept.what);
    there[i] = read.has_value();
    if (read || read.error().code == Errc::not_mapped) continue;
    (void)done(read, "a read of what is kept");
    return false;
  }
  return true;
}

void Player::recheck(Kept& kept) {
  if (std::holds_alternative<std::monostate>(kept.what)) return;
  std::vector<std::byte> bytes;
  std::array<bool, kMostPages> there{};
  if (!read_pages(kept, bytes, there)) return;
  did(Counts::rechecks);
  if (there != kept.there) torture_.wrong("pages came or went in what is kept", "");
  const Range range = kept.interval.range();
  for (unsigned i = 0; i < range.pages * kSectorsInPage; ++i) {
    did(Counts::checks);
    if (std::memcmp(bytes.data() + i * kSectorBytes, kept.bytes.data() + i * kSectorBytes,
                    kSectorBytes) == 0)
      continue;
    const Sector now = sector_at(bytes.data() + i * kSectorBytes);
    const Sector then = sector_at(kept.bytes.data() + i * kSectorBytes);
    const auto word = static_cast<unsigned>(
        std::mismatch(now.begin(), now.end(), then.begin()).first - now.begin());
    torture_.lost("what a fork, a snapshot or a hold shows later",
                  {range.board, range.first + i / kSectorsInPage, i % kSectorsInPage},
                  {"it changed", word, now[word], kSectorBytes},
                  kept.interval.allowed(i / kSectorsInPage, i % kSectorsInPage, View::moment));
  }
}

void Player::drop() {
  if (kept_.empty()) return;
  const auto i = static_cast<std::ptrdiff_t>(chance(kept_.size()));
  if (chance(2) == 0) recheck(*kept_[static_cast<std::size_t>(i)]);
  kept_.erase(kept_.begin() + i);
}

}  // namespace cleave::torture
