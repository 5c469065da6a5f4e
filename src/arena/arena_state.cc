#include "arena/arena_state.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "arena/memory/page_copies.h"
#include "base/check.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "space/snapshot_state.h"
#include "sync/waiters/waiters.h"

namespace cleave::detail {
namespace {

// Memory of that many pages and more is given back when it becomes zeroes, rather than written.
constexpr std::uint64_t kWorthPunching = 16;

bool is_zero(const std::byte* page) {
  return page[0] == std::byte{0} && std::memcmp(page, page + 1, kPageSize - 1) == 0;
}

Result<Choice> made(Tracking tracking, const Mapping& mapping, const char* why,
                    std::optional<Error> missing = std::nullopt) {
  auto tracker = make_tracker(tracking, mapping);
  if (!tracker) return tl::unexpected(tracker.error());
  return Choice{std::move(*tracker), why, missing};
}

// What the options ask for, after it has shown that it works here.
Result<Choice> choose_tracker(const ArenaOptions& options, const Mapping& mapping) {
  if (options.tracking != Tracking::automatic) {
    if (auto works = try_tracking(options.tracking); !works) return tl::unexpected(works.error());
    return made(options.tracking, mapping, "asked for");
  }
  const auto async = try_tracking(Tracking::async);
  // Short of something for the moment: that is no reason to be slow for good.
  const auto is_short = [](const Result<void>& tried) {
    return !tried && tried.error().code != Errc::unsupported;
  };
  if (is_short(async)) return tl::unexpected(async.error());
  if (async && !options.system_calls_write) {
    const auto sigbus = try_tracking(Tracking::sigbus);
    if (is_short(sigbus)) return tl::unexpected(sigbus.error());
    if (sigbus) {
      return made(Tracking::automatic, mapping,
                  "both async and sigbus work: the cheaper of the two");
    }
  }
  if (async) return made(Tracking::async, mapping, "async works here");
  if (auto works = try_tracking(Tracking::mprotect); !works) return tl::unexpected(works.error());
  return made(Tracking::mprotect, mapping, "async does not work here", async.error());
}

}  // namespace

ArenaState::ArenaState(Mapping&& mapping, PageSet&& changed, PageSet&& suspected,
                       PageSet&& differing, Space&& recorded)
    : mapping_(std::move(mapping)),
      changed_(std::move(changed)),
      suspected_(std::move(suspected)),
      differing_(std::move(differing)),
      recorded_(std::move(recorded)),
      history_(sync::share_new<History>()) {}

ArenaState::~ArenaState() { history_->forget_all(); }

Result<std::shared_ptr<ArenaState>> ArenaState::make(const Pool& pool, std::uint64_t pages,
                                                     const ArenaOptions& options) {
  return sync::or_no_memory("out of memory allocating an arena",
                            [&] { return make_or_throw(pool, pages, options); });
}

Result<std::shared_ptr<ArenaState>> ArenaState::make_or_throw(const Pool& pool, std::uint64_t pages,
                                                              const ArenaOptions& options) {
  if (!HandleAccess::state(pool).is_here()) return not_here();
  auto mapping = Mapping::create(pages, options.at);
  if (!mapping) return tl::unexpected(mapping.error());
  auto changed = PageSet::create(pages);
  if (!changed) return tl::unexpected(changed.error());
  auto suspected = PageSet::create(pages);
  if (!suspected) return tl::unexpected(suspected.error());
  auto differing = PageSet::create(pages);
  if (!differing) return tl::unexpected(differing.error());
  auto recorded = Space::create(pool);
  if (!recorded) return tl::unexpected(recorded.error());
  const Address at{reinterpret_cast<std::uintptr_t>(mapping->native())};
  if (auto mapped = recorded->map_at(at, mapping->bytes()); !mapped) {
    return tl::unexpected(mapped.error());
  }
  auto state =
      sync::share_new<ArenaState>(std::move(*mapping), std::move(*changed), std::move(*suspected),
                                  std::move(*differing), std::move(*recorded));
  auto choice = choose_tracker(options, state->mapping_);
  if (!choice) return tl::unexpected(choice.error());
  state->choice_ = std::move(*choice);
  if (options.catch_writers) {
    if (state->choice_.tracker->kind() == Tracking::mprotect) {
      return fail(
          Errc::unsupported,
          "writers cannot be caught beside mprotect tracking, which needs the same protection");
    }
    state->trap_.emplace(state->mapping_);
  }
  state->catch_waiters_ = options.catch_waiters;
  state->catch_unseen_ = options.catch_unseen;
  state->lock_.assume_held();  // no other thread knows it yet
  if (auto right = state->check_memory("its making"); !right) return tl::unexpected(right.error());
  auto empty = state->recorded_.snapshot();
  if (!empty) return tl::unexpected(empty.error());
  auto first = state->history_->add(nullptr, std::move(*empty), {}, 0);
  if (!first) return tl::unexpected(first.error());
  state->head_ = std::move(*first);
  return state;
}

std::string ArenaState::tracking_reason() const {
  if (!choice_.missing) return choice_.why;
  return std::string(choice_.why) + " (" + choice_.missing->message() + ")";
}

// Not analysed: whether it takes the lock is known only as it runs.
class CLEAVE_SCOPED_CAPABILITY ArenaState::Turn {
 public:
  explicit Turn(const ArenaState& arena) CLEAVE_ACQUIRE(arena.lock_) CLEAVE_UNCHECKED
      : lock_(arena.is_visited_by_this_thread() ? nullptr : &arena.lock_) {
    if (lock_ != nullptr) lock_->lock();
  }
  ~Turn() CLEAVE_RELEASE() CLEAVE_UNCHECKED {
    if (lock_ != nullptr) lock_->unlock();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  sync::mutex* lock_;
};

/// With the lock held: this thread is about to call a visitor.
class ArenaState::Visiting {
 public:
  explicit Visiting(ArenaState& arena) : visitor_(arena.visitor_) {
    visitor_.store(sync::this_thread(), sync::relaxed);
  }
  ~Visiting() { visitor_.store(sync::ThreadToken::none, sync::relaxed); }
  Visiting(const Visiting&) = delete;
  Visiting& operator=(const Visiting&) = delete;

 private:
  sync::atomic<sync::ThreadToken>& visitor_;
};

Result<void> ArenaState::check_here() const {
  if (!mapping_.is_here()) {
    return fail(Errc::not_permitted,
                "this process is a child of fork(2), and the arena is its parent's; make one here");
  }
  if (!is_visited_by_this_thread()) return {};
  return fail(Errc::not_permitted,
              "a visit of changes() has the arena to itself; call this after changes() returns");
}

Result<void> ArenaState::check_memory(const char* operation) const {
  if (auto placed = mapping_.check_in_place(); !placed) return placed;
  if (!catch_waiters_) return {};
  return check_waiters({mapping_.native(), mapping_.bytes()}, operation);
}

Result<PageRun> ArenaState::pages_of(const void* at, ByteCount bytes) const {
  const auto first = reinterpret_cast<std::uintptr_t>(mapping_.native());
  const auto from = reinterpret_cast<std::uintptr_t>(at);
  if (bytes == 0) return fail(Errc::bad_argument, "the range is empty", Address{from});
  if (from < first || from - first >= mapping_.bytes() ||
      bytes.value > mapping_.bytes() - (from - first)) {
    return fail(Errc::bad_argument, "the range does not lie inside the arena", Address{from});
  }
  return PageRun{(from - first) / kPageSize,
                 (from - first + bytes.value + kPageSize - 1) / kPageSize};
}

Result<void> ArenaState::collect(PageRun within) {
  if (auto collected = choice_.tracker->collect(within, changed_); !collected) return collected;
  for (const Pinned& pinned : pins_) {
    if (pinned.access == PinAccess::read) continue;
    changed_.add(pinned.run);
    suspected_.add(pinned.run);
  }
  return catch_unseen_ && within == PageRun{0, mapping_.pages()} ? find_unseen() : Result<void>{};
}

// What of it was given back reads as zeroes; a hole that was one before is not read, which would
// give it memory.
Result<void> ArenaState::find_unseen() {
  const SnapshotState& before = HandleAccess::state(head_->snapshot());
  ResidentRanges resident(mapping_);
  for (std::uint64_t page = 0; page < mapping_.pages(); ++page) {
    if (changed_.has(page)) continue;
    const PageNo number = page_of(address_of_page(page));
    if (!before.has(number) && !resident.has(page)) continue;
    const auto then = before.look(number);
    if (!then) return tl::unexpected(then.error());
    if (std::memcmp(mapping_.alias(page), then->bytes(), kPageSize) == 0) continue;
    changed_.add(page);
    return fail(Errc::not_permitted,
                "a page has changed, and tracking did not see it; call mark_dirty() before such a "
                "change (docs/explanation/arena.md has the list)",
                address_of_page(page));
  }
  return {};
}

// A page that is not in memory, and would have to be brought for this, counts as changed.
bool is_the_same(const std::byte* now, const SnapshotState& before, PageNo page) {
  if (!before.is_here(page)) return false;
  const auto then = before.look(page);
  return then && std::memcmp(now, then->bytes(), kPageSize) == 0;
}

// Takes the program's memory away while an operation runs, where the options ask for that.
class TrapFor {
 public:
  explicit TrapFor(std::optional<WriterTrap>& trap) : trap_(trap) {}
  ~TrapFor() {
    if (trap_) trap_->allow();
  }
  TrapFor(const TrapFor&) = delete;
  TrapFor& operator=(const TrapFor&) = delete;
  Result<void> writes(const char* operation) {
    return trap_ ? trap_->forbid_writes(operation) : Result<void>{};
  }
  Result<void> all(const char* operation) {
    return trap_ ? trap_->forbid_all(operation) : Result<void>{};
  }

 private:
  std::optional<WriterTrap>& trap_;
};

// Pages that only count as changed, because a device might have written to them, because reading
// gave them memory, or because they were opened with a neighbour, are compared first: a thousand
// commits beside one pin are not a thousand copies.
Result<void> ArenaState::record(PageRun run, ResidentRanges& resident, Space& into,
                                std::uint64_t& written) const {
  const SnapshotState& before = HandleAccess::state(head_->snapshot());
  PageRun memory{run.first,
                 run.first};  // pages from here on that have memory, as far as we have looked
  for (std::uint64_t page = run.first; page < run.end; ++page) {
    const std::byte* now = mapping_.alias(page);
    const PageNo number = page_of(address_of_page(page));
    if (!before.has(number)) {
      if (page >= memory.end) {
        memory = resident.first_in({page, run.end});
        mapping_.enter_alias(memory);
      }
      // A hole is zeroes, as before; to read it would give it memory.
      if (page < memory.first || is_zero(now)) continue;
    } else if ((suspected_.has(page) || !choice_.tracker->is_exact()) &&
               is_the_same(now, before, number)) {
      continue;
    }
    if (auto done = into.write(address_of_page(page), {now, kPageSize}); !done) return done;
    ++written;
  }
  return {};
}

// Cannot fail: the commit is of the same pool, and nothing is pinned in a space that only we know.
void ArenaState::recorded_back_to(const Commit& commit) {
  const auto done = recorded_.rollback(commit.snapshot());
  CLEAVE_CHECK(done, "an arena's record could not be rolled back: a bug of cleave");
}

Result<Commit> ArenaState::commit(std::string_view name) {
  if (auto here = check_here(); !here) return tl::unexpected(here.error());
  const sync::Guard guard(lock_);
  if (!name.empty() && history_->find(name)) {
    return fail(Errc::already_exists, "the arena keeps a commit of that name; forget it first");
  }
  if (auto right = check_memory("a commit"); !right) return tl::unexpected(right.error());
  TrapFor trap(trap_);
  if (auto trapped = trap.writes("a commit"); !trapped) return tl::unexpected(trapped.error());
  if (auto collected = collect({0, mapping_.pages()}); !collected) {
    return tl::unexpected(collected.error());
  }
  auto made = record_changed(name);
  if (!made) {
    // recorded_ may hold some of the changed pages. They stay in changed_, and it goes back to what
    // head_ holds.
    recorded_back_to(*head_);
    return made;
  }
  choice_.tracker->epoch_ended(changed_.count());
  changed_.clear();
  suspected_.clear();
  recorded_pages_ += made->pages();
  History::move(*head_, *made);
  return made;
}

Result<Commit> ArenaState::record_changed(std::string_view name) {
  std::uint64_t written = 0;
  ResidentRanges resident(mapping_);
  auto recorded = changed_.for_each_run([&](PageRun run) {
    lock_.assume_held();  // by the function around
    return record(run, resident, recorded_, written);
  });
  if (!recorded) return tl::unexpected(recorded.error());
  auto now = recorded_.snapshot();
  if (!now) return tl::unexpected(now.error());
  return history_->add(&*head_, std::move(*now), name, written);
}

Result<void> ArenaState::find_differing(const Commit& target) {
  changed_.move({0, mapping_.pages()}, differing_);
  const PageNo first = page_of(address_of_page(0));
  auto found = diff(head_->snapshot(), target.snapshot(), [&](PageRange differs) {
    lock_.assume_held();  // by the function around
    const PageRun run{differs.first - first, differs.end - first};
    differing_.add(run);
    // Memory that comes back where there is none now is written through the alias, so that the
    // native mapping has no entry for it, and the tracker cannot know who wrote.
    suspected_.add(run);
  });
  // These hold what the target does: check_pins() has looked. What a device has written since
  // stays.
  for (const Pinned& pinned : pins_) {
    if (pinned.access == PinAccess::write) differing_.remove(pinned.run);
  }
  return found;
}

Result<void> ArenaState::check_pins(const Commit& target) const {
  for (const Pinned& pinned : pins_) {
    if (pinned.access == PinAccess::read) continue;
    ResidentRanges resident(mapping_);
    for (std::uint64_t page = pinned.run.first; page < pinned.run.end; ++page) {
      const SnapshotState& there = HandleAccess::state(target.snapshot());
      const PageNo number = page_of(address_of_page(page));
      if (!there.has(number) && !resident.has(page)) continue;  // to read a hole gives it memory
      const auto then = there.look(number);
      if (!then) return tl::unexpected(then.error());
      if (std::memcmp(mapping_.alias(page), then->bytes(), kPageSize) == 0) continue;
      return fail(Errc::pinned,
                  "a page is pinned for writing and would change; release the pin first",
                  address_of_page(page));
    }
  }
  return {};
}

void ArenaState::clear(PageRun run) {
  const bool pinned = std::any_of(pins_.begin(), pins_.end(), [&](const Pinned& p) {
    return p.run.first < run.end && run.first < p.run.end;
  });
  // A pinned page stays the device's page, and is written.
  if (run.pages() >= kWorthPunching && !pinned && mapping_.punch(run)) {
    choice_.tracker->punched(run);
    return;
  }
  std::memset(mapping_.alias(run.first), 0, run.pages() * kPageSize);
}

Result<void> ArenaState::bring_differing(const SnapshotState& from) {
  if (from.frames.away() == nullptr) return {};
  const auto for_each_away = [&](auto visit) CLEAVE_REQUIRES(lock_) {
    return differing_.for_each_run([&](PageRun run) -> Result<void> {
      for (std::uint64_t page = run.first; page < run.end; ++page) {
        const PageNo number = page_of(address_of_page(page));
        if (from.is_here(number)) continue;
        if (Result<void> done = visit(number); !done) return done;
      }
      return {};
    });
  };
  std::uint64_t away = 0;
  (void)for_each_away([&away](PageNo) {
    ++away;
    return Result<void>();
  });
  if (away == 0 || away > from.frames.slots().count() / 2) return {};
  return for_each_away([&from](PageNo page) {
    return from.look(page).map([](Look&&) {});
  });
}

// Through the alias: what we write is not to count as a change.
Result<void> ArenaState::restore(const SnapshotState& from) {
  PageCopies copies;
  auto done = differing_.for_each_run([&](PageRun run) -> Result<void> {
    lock_.assume_held();  // by the function around
    for (std::uint64_t page = run.first; page < run.end;) {
      if (const PageNo number = page_of(address_of_page(page)); from.has(number)) {
        auto then = from.look(number);
        if (!then) return tl::unexpected(then.error());
        copies.add(mapping_.alias(page), std::move(*then));
        ++page;
        continue;
      }
      std::uint64_t end = page + 1;
      while (end < run.end && !from.has(page_of(address_of_page(end)))) ++end;
      clear({page, end});
      page = end;
    }
    restored_pages_ += run.pages();
    return {};
  });
  if (done) differing_.clear();
  return done;
}

Result<void> ArenaState::checkout(const Commit& target) {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  if (!history_->has(target)) {
    return fail(Errc::bad_argument, "the commit belongs to another arena");
  }
  return stand_at(target);
}

Result<void> ArenaState::revert() {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  return stand_at(*head_);
}

Result<void> ArenaState::stand_at(const Commit& target) {
  if (auto right = check_memory("a checkout"); !right) return right;
  TrapFor trap(trap_);
  if (auto trapped = trap.all("a checkout"); !trapped) return trapped;
  if (auto collected = collect({0, mapping_.pages()}); !collected) return collected;
  if (auto allowed = check_pins(target); !allowed) return allowed;
  choice_.tracker->epoch_ended(changed_.count());
  if (auto found = find_differing(target); !found) return found;
  const SnapshotState& from = HandleAccess::state(target.snapshot());
  auto restored = bring_differing(from);
  if (restored) restored = restore(from);
  if (!restored) {
    // Some hold what head_ does, some what the target does, some neither.
    differing_.move({0, mapping_.pages()}, changed_);
    return restored;
  }
  if (target == *head_) return {};
  recorded_back_to(target);
  History::move(*head_, target);
  return {};
}

Commit ArenaState::head() const {
  if (!mapping_.is_here()) {
    lock_.assume_held();  // no thread changes it here any more; History::move() says more
    return *head_;
  }
  const Turn turn(*this);
  return *head_;
}

Result<void> ArenaState::changes(function_ref<void(std::span<const std::byte>)> visit) {
  if (auto here = check_here(); !here) return here;
  const sync::Guard guard(lock_);
  if (auto placed = mapping_.check_in_place(); !placed) return placed;
  if (auto collected = collect({0, mapping_.pages()}); !collected) return collected;
  const Visiting visiting(*this);
  return changed_.for_each_run([&](PageRun run) -> Result<void> {
    visit({mapping_.native(run.first), run.pages() * kPageSize});
    return {};
  });
}

void ArenaState::mark_dirty(const void* at, ByteCount bytes) noexcept {
  if (bytes == 0) return;
  if (!mapping_.is_here()) return;
  const auto run = pages_of(at, bytes);
  CLEAVE_CHECK(run, "mark_dirty() of bytes that do not lie inside the arena");
  choice_.tracker->mark_dirty(*run);
}

Result<ArenaPin> ArenaState::pin(const void* at, ByteCount bytes, PinAccess access, PinTerm term) {
  if (auto here = check_here(); !here) return tl::unexpected(here.error());
  const sync::Guard guard(lock_);
  const auto run = pages_of(at, bytes);
  if (!run) return tl::unexpected(run.error());
  auto listed = sync::or_no_memory("out of memory allocating a pin", [&]() -> Result<void> {
    lock_.assume_held();  // by the function around
    pins_.push_back({*run, access, term});
    return {};
  });
  if (!listed) return tl::unexpected(listed.error());
  const std::ptrdiff_t offset = static_cast<const std::byte*>(at) - mapping_.native();
  return ArenaPin(shared_from_this(), {mapping_.alias(0) + offset, bytes.value}, access, term);
}

void ArenaState::unpin(std::span<std::byte> bytes, PinAccess access, PinTerm term) noexcept {
  if (!mapping_.is_here()) return;  // for the reason of check_here()
  const Turn turn(*this);
  const auto run = pages_of(mapping_.native() + (bytes.data() - mapping_.alias(0)), bytes.size());
  const auto pinned = std::find(pins_.begin(), pins_.end(), Pinned{*run, access, term});
  CLEAVE_CHECK(pinned != pins_.end(), "a pin was released that the arena does not know of");
  if (access == PinAccess::write) {
    changed_.add(*run);
    suspected_.add(*run);
  }
  *pinned = pins_.back();
  pins_.pop_back();
}

Result<Hold> ArenaState::hold(const void* at, ByteCount bytes) {
  if (auto here = check_here(); !here) return tl::unexpected(here.error());
  const sync::Guard guard(lock_);
  const auto run = pages_of(at, bytes);
  if (!run) return tl::unexpected(run.error());
  if (auto placed = mapping_.check_in_place(); !placed) return tl::unexpected(placed.error());
  if (auto collected = collect(*run); !collected) return tl::unexpected(collected.error());
  auto now = recorded_.fork();
  if (!now) return tl::unexpected(now.error());
  std::uint64_t written = 0;
  ResidentRanges resident(mapping_);
  auto recorded = changed_.for_each_run(*run, [&](PageRun part) {
    lock_.assume_held();  // by the function around
    return record(part, resident, *now, written);
  });
  if (!recorded) return tl::unexpected(recorded.error());
  return now->hold(Address{reinterpret_cast<std::uintptr_t>(at)}, bytes);
}

std::uint64_t ArenaState::count(PinTerm term) const {
  return static_cast<std::uint64_t>(std::count_if(
      pins_.begin(), pins_.end(), [term](const Pinned& p) { return p.term == term; }));
}

ArenaStatistics ArenaState::statistics() const {
  if (!mapping_.is_here()) return {};
  const Turn turn(*this);
  return {.tracking = choice_.tracker->kind(),
          .commits = history_->made(),
          .living = history_->living(),
          .recorded = recorded_pages_,
          .restored = restored_pages_,
          .short_pins = count(PinTerm::short_term),
          .long_pins = count(PinTerm::long_term)};
}

}  // namespace cleave::detail
