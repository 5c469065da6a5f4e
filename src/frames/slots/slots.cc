#include "frames/slots/slots.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/address_space.h"
#include "base/fail.h"
#include "frames/slots/reserved.h"
#include "frames/slots/trim_guard.h"
#include "sync/memory.h"

namespace cleave::detail {
namespace {

// Steps in which the kernel is asked for memory: small pools do not take megabytes they never use,
// large ones ask seldom. 64 slots cost some 0.1 ms, 1024 some 1.5 ms: the longest that a write can
// be held up. reserve() avoids it.
constexpr std::uint64_t kSmallestStep = 64;
constexpr std::uint64_t kLargestStep = 1024;

constexpr Refusals kFreePages =
    CLEAVE_REFUSALS("mmap", "the kernel cannot map memory for the list of a pool's free pages");

}  // namespace

Result<Slots> Slots::create(std::uint64_t count) {
  auto file = FrameFile::create(count + 1);
  if (!file) return tl::unexpected(file.error());
  const std::uint64_t bytes = (count + 1) * sizeof(sync::atomic<std::uint32_t>);
  // All-zero bytes are the initial state: no loop over what may be billions of slots.
  void* links = reserve_zeroed(bytes);
  if (links == nullptr) return refused_mapping(kFreePages, bytes, Mapped::own, errno);
  return Slots(std::move(*file), count, static_cast<Links>(links));
}

Slots::Slots(Slots&& from) noexcept
    : file_(std::move(from.file_)),
      count_(from.count_),
      links_(std::exchange(from.links_, nullptr)) {}

Slots::~Slots() { give_back_reserved(links_, (count_ + 1) * sizeof(sync::atomic<std::uint32_t>)); }

SlotChain Slots::take_at_hand(std::uint64_t most) noexcept {
  const SlotChain taken = free_.pop_chain(most, links_);
  if (!taken.empty()) used_.add(taken.count, sync::relaxed);
  return taken;
}

Slot Slots::next_fresh() noexcept {
  const std::uint64_t next = fresh_.get();
  fresh_.set(next + 1);
  return Slot{static_cast<std::uint32_t>(next)};
}

Result<Slots::Taken> Slots::take_fresh() {
  const sync::Guard guard(growth_);
  // Whoever held the lock may have had the free slots in hand, to trim them or to add to them.
  Slot slot = sync::performs("take.look_again") ? free_.pop(links_) : kZeroSlot;
  if (slot != kZeroSlot) return hand_out(slot, false);
  if (fresh_.get() < populated_) {
    slot = next_fresh();
  } else if (!returned_.empty()) {
    slot = returned_.first;
    if (auto done = file_.populate(slot, 1); !done) return tl::unexpected(done.error());
    returned_.first = Slot{links_[raw(slot)].load(sync::relaxed)};
    --returned_.count;
  } else {
    const std::uint64_t step = std::clamp(populated_ / 16, kSmallestStep, kLargestStep);
    if (auto done = populate_more(step); !done) return tl::unexpected(done.error());
    slot = next_fresh();
  }
  return hand_out(slot, true);
}

Result<void> Slots::populate_more(std::uint64_t count) {
  const std::uint64_t room = count_ + 1 - populated_;
  if (room == 0) {
    return fail(
        Errc::no_memory,
        "the pool's budget is used up; drop forks or snapshots, or give it a larger budget");
  }
  const std::uint64_t step = std::min(count, room);
  auto done = file_.populate(Slot{static_cast<std::uint32_t>(populated_)}, step);
  if (done) populated_ += step;
  return done;
}

// A run of returned slots, from the lowest on, has its memory again and joins the free ones.
Result<void> Slots::populate_returned(std::uint64_t most) {
  const Slot first = returned_.first;
  SlotChain run;
  Slot next = first;
  do {
    const Slot after{links_[raw(next)].load(sync::relaxed)};
    run.push(next, links_);
    next = after;
  } while (run.count < std::min(most, returned_.count) &&
           raw(next) == raw(first) + static_cast<std::uint32_t>(run.count));
  if (auto done = file_.populate(first, run.count); !done) {
    // The run was turned round; put it back as it was.
    for (std::uint64_t i = run.count; i != 0; --i) {
      const Slot slot{raw(first) + static_cast<std::uint32_t>(i - 1)};
      links_[raw(slot)].store(raw(next), sync::relaxed);
      next = slot;
    }
    return done;
  }
  returned_.first = next;
  returned_.count -= run.count;
  free_.push(run, links_);
  return {};
}

std::uint64_t Slots::free_count() const noexcept {
  return fresh_.get() - 1 - returned_.count - used_.load(sync::relaxed);
}

Result<void> Slots::reserve(std::uint64_t count) {
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

bool Slots::is_kept(Slot slot) const noexcept {
  for (const TrimGuard* k = trim_guards_; k != nullptr; k = k->next_) {
    if (k->keeps(slot)) return true;
  }
  return false;
}

Result<std::uint64_t> Slots::trim() {
  const sync::Guard guard(growth_);
  SlotChain free;
  SlotChain kept;
  for (Slot slot = free_.pop_all(); slot != kZeroSlot;) {
    const Slot next{links_[raw(slot)].load(sync::relaxed)};
    (is_kept(slot) ? kept : free).push(slot, links_);
    slot = next;
  }
  if (!kept.empty()) free_.push(std::exchange(kept, {}), links_);
  if (free.empty()) return 0;
  auto* sorted = static_cast<std::uint32_t*>(sync::allocate(free.count * sizeof(std::uint32_t)));
  if (sorted == nullptr) {
    free_.push(free, links_);
    return fail(Errc::no_memory, "out of memory listing the free slots; they stay with the pool");
  }
  Slot slot = free.first;
  for (std::uint64_t i = 0; i < free.count; ++i) {
    sorted[i] = raw(slot);
    slot = Slot{links_[raw(slot)].load(sync::relaxed)};
  }
  std::sort(sorted, sorted + free.count);

  // From the highest run down, so that the chain of returned slots ascends.
  std::uint64_t given_back = 0;
  Result<void> problem;
  for (std::uint64_t end = free.count; end != 0;) {
    std::uint64_t first = end - 1;
    while (first != 0 && sorted[first - 1] + 1 == sorted[first]) --first;
    auto punched = file_.punch(Slot{sorted[first]}, end - first);
    SlotChain& into = punched ? returned_ : kept;
    for (std::uint64_t i = end; i != first; --i) into.push(Slot{sorted[i - 1]}, links_);
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

void Slots::add_to(PoolStatistics& statistics) noexcept {
  const sync::Guard guard(growth_);
  statistics.budget = count_;
  statistics.used = used_.load(sync::relaxed);
  statistics.ready = populated_ - fresh_.get();
  statistics.returned = returned_.count;
  statistics.untouched = count_ + 1 - populated_;
  statistics.free = free_count();
}

}  // namespace cleave::detail
