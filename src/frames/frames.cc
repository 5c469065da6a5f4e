#include "frames/frames.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/address_space.h"
#include "base/check.h"
#include "base/fail.h"
#include "frames/slots/reserved.h"
#include "sync/memory.h"

namespace cleave::detail {
namespace {

constexpr Refusals kRecords =
    CLEAVE_REFUSALS("mmap", "the kernel cannot map memory for the pool's frame states");

constexpr std::uint64_t kMostFrames = (std::uint64_t{1} << 32) - 1;

tl::unexpected<Error> no_free_frame() {
  return fail(Errc::no_memory, "the pool has no free frame");
}

// Of so many allocations, those before the one that a test wants to fail.
std::size_t not_failing(std::size_t count) noexcept {
  std::size_t good = 0;
  while (good < count && !sync::allocation_fails()) ++good;
  return good;
}

}  // namespace

Result<Frames*> Frames::create(std::uint64_t budget, std::unique_ptr<Backing> backing) {
  if (budget == 0 || budget >= kMostFrames) {
    return fail(Errc::bad_argument, "a pool's budget is 4 KiB to just under 16 TiB");
  }
  auto slots = Slots::create(budget);
  if (!slots) return tl::unexpected(slots.error());
  // One page fewer than there is room for: with all of it taken, none could change places.
  const std::uint64_t room = backing == nullptr ? 0 : backing->most_pages();
  const std::uint64_t last = budget + std::min(room - (room != 0 ? 1 : 0), kMostFrames - budget);

  void* states = reserve_zeroed((last + 1) * sizeof(FrameState));
  void* self = states == nullptr ? nullptr : sync::allocate(sizeof(Frames), alignof(Frames));
  if (self == nullptr) {
    const int why = states == nullptr ? errno : ENOMEM;
    give_back_reserved(states, (last + 1) * sizeof(FrameState));
    return refused_mapping(kRecords, last * kMetadataBytes, Mapped::own, why);
  }
  // All-zero bytes are the initial state: no loop over what may be billions of frames.
  auto* frames = new (self) Frames(std::move(*slots), FrameId{static_cast<std::uint32_t>(last)},
                                   static_cast<FrameState*>(states));
  if (backing == nullptr) return frames;
  auto away = Away::create(frames->slots_, frames->states_, last, std::move(backing));
  if (!away) {
    sync::destroy(frames);
    return tl::unexpected(away.error());
  }
  frames->away_.reset(*away);
  return frames;
}

tl::unexpected<Error> not_here() noexcept {
  return fail(Errc::not_permitted,
              "this process is a child of fork(2), and the pool is its parent's; make one here");
}

// Everything in a pool has a reference to it, so that what is left here was lost. Not so in a child
// of fork(2), where all of it stays.
void Frames::end() noexcept {
  if (!is_here()) return;
  if (away_ != nullptr) away_->background.stop();
  const PoolStatistics s = statistics();
  const bool empty = s.used == 0 && s.away == 0 && s.merged == 0 && s.nodes == 0 && s.regions == 0;
  CLEAVE_CHECK(empty, "a pool ended with frames, table nodes or regions in use: a bug of cleave");
  sync::destroy(this);
}

Frames::~Frames() { give_back_reserved(states_, (raw(last_) + 1ull) * sizeof(FrameState)); }

Result<Frames::Taken> Frames::take() {
  if (sync::allocation_fails()) return no_free_frame();
  return take_one();
}

Result<Frames::Taken> Frames::take_backed() {
  return away_->take().map([](Away::Taken t) { return Taken{t.frame, t.zeroed}; });
}

Result<Frames::Taken> Frames::take_one() {
  if (away_ != nullptr) return take_backed();
  const auto taken = slots_.take();
  if (!taken) return tl::unexpected(taken.error());
  const FrameId frame{raw(taken->slot)};
  state(frame).own();
  return Taken{frame, taken->zeroed};
}

Result<std::size_t> Frames::take(std::span<FrameId> into) {
  into = into.first(not_failing(into.size()));
  if (into.empty()) return no_free_frame();
  std::size_t taken = 0;
  if (away_ == nullptr) {
    SlotChain free = slots_.take_at_hand(into.size());
    while (!free.empty()) {
      into[taken] = FrameId{raw(free.pop(slots_.links()))};
      state(into[taken++]).own();
    }
  }
  for (; taken < into.size(); ++taken) {
    const auto one = take_one();
    if (!one && taken == 0) return tl::unexpected(one.error());
    if (!one) break;
    into[taken] = one->frame;
  }
  return taken;
}

void Frames::give_back(std::span<const FrameId> taken) noexcept {
  FrameChain chain;
  for (const FrameId frame : taken) {
    if (state(frame).drop()) chain.push(frame, links());
  }
  give(chain);
}

Result<void> Frames::reserve(std::uint64_t count) {
  if (!is_here()) return not_here();
  return slots_.reserve(count);
}

Result<std::uint64_t> Frames::trim() {
  if (!is_here()) return not_here();
  return slots_.trim();
}

PoolStatistics Frames::statistics() noexcept {
  PoolStatistics s{};
  if (!is_here()) return s;
  slots_.add_to(s);
  if (away_ != nullptr) away_->add_to(s);
  s.nodes = counters_.nodes.load(sync::relaxed);
  s.regions = counters_.regions.load(sync::relaxed);
  s.spaces = references_.spaces();
  s.accessors = counters_.accessors.load(sync::relaxed);
  s.short_pins = references_.pins(0);
  s.long_pins = references_.pins(1);
  s.copies = counters_.copies.load(sync::relaxed);
  s.zeroed = counters_.zeroed.load(sync::relaxed);
  s.metadata_bytes_per_frame = kMetadataBytes;
  return s;
}

}  // namespace cleave::detail
