#include "arena/arena_state.h"

#include <utility>

#include "arena/arena_turn.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "frames/frames.h"
#include "sync/waiters/waiters.h"

namespace cleave::detail {

ArenaState::ArenaState(Mapping&& mapping, PageSet&& changed, PageSet&& suspected,
                       PageSet&& differing, Space&& recorded)
    : mapping_(std::move(mapping)),
      changed_(std::move(changed)),
      suspected_(std::move(suspected)),
      differing_(std::move(differing)),
      recorded_(std::move(recorded)),
      history_(sync::share_new<History>()) {}

ArenaState::~ArenaState() { history_->forget_all(); }

Result<std::shared_ptr<ArenaState>> ArenaState::make(const Pool& pool,
                                                     function_ref<Result<Mapping>()> map,
                                                     const ArenaOptions& options) {
  return sync::or_no_memory("out of memory allocating an arena",
                            [&] { return make_or_throw(pool, map, options); });
}

Result<std::shared_ptr<ArenaState>> ArenaState::make_or_throw(const Pool& pool,
                                                              function_ref<Result<Mapping>()> map,
                                                              const ArenaOptions& options) {
  if (!HandleAccess::state(pool).is_here()) return not_here();
  auto mapping = map();
  if (!mapping) return tl::unexpected(mapping.error());
  const std::uint64_t pages = mapping->pages();
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
  if (auto first = state->commit_first(); !first) return tl::unexpected(first.error());
  return state;
}

// New memory is zeroes, as is what records it; memory that was taken over holds something already.
Result<void> ArenaState::commit_first() {
  std::uint64_t written = 0;
  if (mapping_.is_taken_over()) {
    auto empty = recorded_.snapshot();
    if (!empty) return tl::unexpected(empty.error());
    changed_.add({0, mapping_.pages()});
    const auto recorded = record_changed(HandleAccess::state(*empty));
    if (!recorded) return tl::unexpected(recorded.error());
    written = *recorded;
    changed_.clear();
  }
  auto now = recorded_.snapshot();
  if (!now) return tl::unexpected(now.error());
  auto first = history_->add(nullptr, std::move(*now), {}, written);
  if (!first) return tl::unexpected(first.error());
  recorded_pages_ = written;
  head_ = std::move(*first);
  return {};
}

std::string ArenaState::tracking_reason() const { return choice_.reason(); }

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

Commit ArenaState::head() const {
  if (!mapping_.is_here()) {
    lock_.assume_held();  // no thread changes it here any more; History::move() says more
    return *head_;
  }
  const Turn turn(*this);
  return *head_;
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
