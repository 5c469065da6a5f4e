#include "frames/frames.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/address_space.h"
#include "base/check.h"
#include "base/fail.h"
#include "frames/reserved.h"
#include "sync/memory.h"

namespace cleave::detail {
namespace {

// Steps in which the kernel is asked for memory: small pools do not take megabytes they never use,
// large ones ask seldom. 64 frames cost some 0.1 ms, 1024 some 1.5 ms: the longest that a write can
// be held up. reserve() avoids it.
constexpr std::uint64_t kSmallestStep = 64;
constexpr std::uint64_t kLargestStep = 1024;

constexpr Refusals kRecords =
    CLEAVE_REFUSALS("mmap", "the kernel cannot map memory for the pool's frame states");

}  // namespace

Result<Frames*> Frames::create(std::uint64_t budget) {
  const std::uint64_t total = budget + 1;
  if (budget == 0 || total > std::uint64_t{1} << 32) {
    return fail(Errc::bad_argument, "a pool's budget is 4 KiB to just under 16 TiB");
  }
  auto file = FrameFile::create(total);
  if (!file) return tl::unexpected(file.error());

  void* states = reserve_zeroed(total * sizeof(FrameState));
  void* links =
      states == nullptr ? nullptr : reserve_zeroed(total * sizeof(sync::atomic<std::uint32_t>));
  void* self = links == nullptr ? nullptr : sync::allocate(sizeof(Frames), alignof(Frames));
  if (states == nullptr || links == nullptr || self == nullptr) {
    const int why = links == nullptr ? errno : ENOMEM;
    give_back_reserved(states, total * sizeof(FrameState));
    give_back_reserved(links, total * sizeof(sync::atomic<std::uint32_t>));
    sync::deallocate(self);
    return refused_mapping(kRecords, total * kMetadataBytes, Mapped::own, why);
  }
  // All-zero bytes are the initial state of both: no loop over what may be billions of frames.
  return new (self) Frames(std::move(*file), budget, static_cast<FrameState*>(states),
                           static_cast<FrameLinks>(links));
}

tl::unexpected<Error> not_here() noexcept {
  return fail(Errc::not_permitted,
              "this process is a child of fork(2), and the pool is its parent's; make one here");
}

// Everything in a pool has a reference to it, so that what is left here was lost. Not so in a child
// of fork(2), where all of it stays.
void Frames::end() noexcept {
  if (!is_here()) return;
  const bool empty = used_.load(sync::relaxed) == 0 && counters_.nodes.load(sync::relaxed) == 0 &&
                     counters_.regions.load(sync::relaxed) == 0;
  CLEAVE_CHECK(empty, "a pool ended with frames, table nodes or regions in use: a bug of cleave");
  sync::destroy(this);
}

Frames::~Frames() {
  give_back_reserved(states_, (budget_ + 1) * sizeof(FrameState));
  give_back_reserved(links_, (budget_ + 1) * sizeof(sync::atomic<std::uint32_t>));
}

Result<Frames::Taken> Frames::take() {
  if (sync::allocation_fails()) return fail(Errc::no_memory, "the pool has no free frame");
  const FrameId frame = free_.pop(links_);
  return frame == kZeroFrame ? take_fresh() : Result<Taken>(hand_out(frame, false));
}

Frames::Taken Frames::hand_out(FrameId frame, bool zeroed) {
  used_.add(1, sync::relaxed);
  state(frame).own();
  return {frame, zeroed};
}

FrameId Frames::next_fresh() noexcept {
  const std::uint64_t next = fresh_.get();
  fresh_.set(next + 1);
  return FrameId{static_cast<std::uint32_t>(next)};
}

Result<Frames::Taken> Frames::take_fresh() {
  const sync::Guard guard(growth_);
  // Whoever held the lock may have had the free frames in hand, to trim them or to add to them.
  FrameId frame = sync::performs("take.look_again") ? free_.pop(links_) : kZeroFrame;
  if (frame != kZeroFrame) return hand_out(frame, false);
  if (fresh_.get() < populated_) {
    frame = next_fresh();
  } else if (!returned_.empty()) {
    frame = returned_.first;
    if (auto done = file_.populate(frame, 1); !done) return tl::unexpected(done.error());
    returned_.first = FrameId{links_[raw(frame)].load(sync::relaxed)};
    --returned_.count;
  } else {
    const std::uint64_t step = std::clamp(populated_ / 16, kSmallestStep, kLargestStep);
    if (auto done = populate_more(step); !done) return tl::unexpected(done.error());
    frame = next_fresh();
  }
  return hand_out(frame, true);
}

Result<void> Frames::populate_more(std::uint64_t count) {
  const std::uint64_t room = budget_ + 1 - populated_;
  if (room == 0) {
    return fail(
        Errc::no_memory,
        "the pool's budget is used up; drop forks or snapshots, or give it a larger budget");
  }
  const std::uint64_t step = std::min(count, room);
  auto done = file_.populate(FrameId{static_cast<std::uint32_t>(populated_)}, step);
  if (done) populated_ += step;
  return done;
}

void Frames::give(const FrameChain& chain) noexcept {
  if (chain.empty()) return;
  used_.sub(chain.count, sync::relaxed);
  free_.push(chain, links_);
}

// A run of returned frames, from the lowest on, has its memory again and joins the free ones.
Result<void> Frames::populate_returned(std::uint64_t most) {
  const FrameId first = returned_.first;
  FrameChain run;
  FrameId next = first;
  do {
    const FrameId after{links_[raw(next)].load(sync::relaxed)};
    run.push(next, links_);
    next = after;
  } while (run.count < std::min(most, returned_.count) &&
           raw(next) == raw(first) + static_cast<std::uint32_t>(run.count));
  if (auto done = file_.populate(first, run.count); !done) {
    // The run was turned round; put it back as it was.
    for (std::uint64_t i = run.count; i != 0; --i) {
      const FrameId frame{raw(first) + static_cast<std::uint32_t>(i - 1)};
      links_[raw(frame)].store(raw(next), sync::relaxed);
      next = frame;
    }
    return done;
  }
  returned_.first = next;
  returned_.count -= run.count;
  free_.push(run, links_);
  return {};
}

std::uint64_t Frames::free_count() const noexcept {
  return fresh_.get() - 1 - returned_.count - used_.load(sync::relaxed);
}

Result<void> Frames::reserve(std::uint64_t count) {
  if (!is_here()) return not_here();
  const sync::Guard guard(growth_);
  for (;;) {
    const std::uint64_t ready = free_count() + populated_ - fresh_.get();
    if (ready >= count) return {};
    const std::uint64_t step = std::min(count - ready, kLargestStep);
    if (auto done = returned_.empty() ? populate_more(step) : populate_returned(step); !done) {
      return done;
    }
  }
}

bool Frames::is_kept(FrameId frame) const noexcept {
  for (const TrimGuard* k = trim_guards_; k != nullptr; k = k->next_) {
    if (k->keeps(frame)) return true;
  }
  return false;
}

Result<std::uint64_t> Frames::trim() {
  if (!is_here()) return not_here();
  const sync::Guard guard(growth_);
  FrameChain free;
  FrameChain kept;
  for (FrameId frame = free_.pop_all(); frame != kZeroFrame;) {
    const FrameId next{links_[raw(frame)].load(sync::relaxed)};
    (is_kept(frame) ? kept : free).push(frame, links_);
    frame = next;
  }
  if (!kept.empty()) free_.push(std::exchange(kept, {}), links_);
  if (free.empty()) return 0;
  auto* sorted = static_cast<std::uint32_t*>(sync::allocate(free.count * sizeof(std::uint32_t)));
  if (sorted == nullptr) {
    free_.push(free, links_);
    return fail(Errc::no_memory, "out of memory listing the free frames; they stay with the pool");
  }
  FrameId frame = free.first;
  for (std::uint64_t i = 0; i < free.count; ++i) {
    sorted[i] = raw(frame);
    frame = FrameId{links_[raw(frame)].load(sync::relaxed)};
  }
  std::sort(sorted, sorted + free.count);

  // From the highest run down, so that the chain of returned frames ascends.
  std::uint64_t given_back = 0;
  Result<void> problem;
  for (std::uint64_t end = free.count; end != 0;) {
    std::uint64_t first = end - 1;
    while (first != 0 && sorted[first - 1] + 1 == sorted[first]) --first;
    auto punched = file_.punch(FrameId{sorted[first]}, end - first);
    FrameChain& into = punched ? returned_ : kept;
    for (std::uint64_t i = end; i != first; --i) into.push(FrameId{sorted[i - 1]}, links_);
    if (punched) {
      given_back += end - first;
    } else {
      problem = punched;
    }
    end = first;
  }
  sync::deallocate(sorted);
  if (!kept.empty()) free_.push(kept, links_);
  if (!problem && given_back == 0) return tl::unexpected(problem.error());
  return given_back;
}

PoolStatistics Frames::statistics() noexcept {
  PoolStatistics s{};
  if (!is_here()) return s;
  const sync::Guard guard(growth_);
  s.budget = budget_;
  s.used = used_.load(sync::relaxed);
  s.ready = populated_ - fresh_.get();
  s.returned = returned_.count;
  s.untouched = budget_ + 1 - populated_;
  s.free = free_count();
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
