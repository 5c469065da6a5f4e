#include "arena/member/member.h"

#include <utility>

#include "arena/memory/bitmap.h"
#include "base/check.h"
#include "base/fail.h"
#include "sync/waiters/waiters.h"

namespace cleave::detail {

Result<Member::Sets> Member::Sets::create(std::uint64_t pages) {
  auto changed = PageSet::create(pages);
  if (!changed) return tl::unexpected(changed.error());
  auto suspected = PageSet::create(pages);
  if (!suspected) return tl::unexpected(suspected.error());
  auto differing = PageSet::create(pages);
  if (!differing) return tl::unexpected(differing.error());
  auto hot = HotPages::create(pages);
  if (!hot) return tl::unexpected(hot.error());
  return Sets{std::move(*changed), std::move(*suspected), std::move(*differing), std::move(*hot)};
}

Member::Member(Mapping&& mapping, Sets&& sets, sync::mutex& turn)
    : mapping_(std::move(mapping)),
      turn_(turn),
      changed_(std::move(sets.changed)),
      suspected_(std::move(sets.suspected)),
      differing_(std::move(sets.differing)),
      hot_(std::move(sets.hot)) {}

Result<void> Member::watch(const ArenaOptions& options) {
  return watch(choose_tracker(options, mapping_), options);
}

Result<void> Member::watch_late(const Snapshot& from, const RestoreOptions& options) {
  if (auto watched = watch(choose_late_tracker(options.arena, mapping_), options.arena); !watched) {
    return watched;
  }
  auto late = LatePages::create(mapping_, from, options.name, options.patience);
  if (!late) return tl::unexpected(late.error());
  late_ = std::move(*late);
  return {};
}

Result<void> Member::watch(Result<Choice>&& choice, const ArenaOptions& options) {
  if (!choice) return tl::unexpected(choice.error());
  choice_ = std::move(*choice);
  assume_turn();  // no other thread knows it yet
  choice_.tracker->leave_open(hot_.pages());
  if (options.catch_writers) {
    if (choice_.tracker->kind() == Tracking::mprotect) {
      return fail(
          Errc::unsupported,
          "writers cannot be caught beside mprotect tracking, which needs the same protection");
    }
    trap_.emplace(mapping_);
    if (auto begun = trap_->begin(); !begun) return begun;
  }
  catch_waiters_ = options.catch_waiters;
  catch_unseen_ = options.catch_unseen;
  return {};
}

Result<PageRun> Member::pages_of(const void* at, ByteCount bytes) const {
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

Result<void> Member::check_memory(const char* operation) const {
  if (auto placed = check_in_place(); !placed) return placed;
  if (!catch_waiters_) return {};
  return check_waiters({mapping_.native(), mapping_.bytes()}, operation);
}

Result<void> Member::forbid_writes(const char* operation) {
  return trap_ ? trap_->forbid_writes(operation) : Result<void>{};
}
Result<void> Member::forbid_all(const char* operation) {
  return trap_ ? trap_->forbid_all(operation) : Result<void>{};
}
void Member::allow() noexcept {
  if (trap_) trap_->allow();
}

void Member::mark_dirty(const void* at, ByteCount bytes) noexcept {
  if (bytes == 0) return;
  if (!mapping_.is_here()) return;
  const auto run = pages_of(at, bytes);
  CLEAVE_CHECK(run, "mark_dirty() of bytes that do not lie inside the arena");
  mark_dirty(*run);
}

void Member::mark_dirty(const void* first, std::span<const std::uint64_t> bitmap) noexcept {
  if (!mapping_.is_here()) return;
  for_each_run_of_bits(bitmap, [&](PageRun marked) {
    const auto from = pages_of(first, kPageSize);
    CLEAVE_CHECK(from && from->pages() == 1 && marked.end <= mapping_.pages() - from->first,
                 "mark_dirty() of a bitmap that begins inside a page, or whose pages do not lie "
                 "inside the arena");
    mark_dirty(PageRun{from->first + marked.first, from->first + marked.end});
  });
}

void Member::mark_dirty(PageRun run) noexcept {
  if (late_ != nullptr) late_->bring(run);
  choice_.tracker->mark_dirty(run);
}

Result<std::uint64_t> Member::fetch_late(PageRun run) {
  return late_ == nullptr ? 0 : late_->fetch(run);
}

ArenaStatistics Member::statistics() const {
  return {.tracking = choice_.tracker->kind(),
          .commits = 0,
          .living = 0,
          .recorded = recorded_pages_,
          .restored = restored_pages_,
          .short_pins = count(PinTerm::short_term),
          .long_pins = count(PinTerm::long_term)};
}

}  // namespace cleave::detail
