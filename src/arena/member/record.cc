// What a commit records.
#include <array>
#include <utility>

#include "arena/member/member.h"
#include "base/handle_access.h"
#include "base/page_contents.h"
#include "space/snapshot_state.h"
#include "space/space_state.h"

namespace cleave::detail {
namespace {

// A page that is not in memory, and would have to be brought for this, counts as changed.
bool was_the_same(const std::byte* now, SnapshotWalk& before, PageNo page) {
  if (!before.is_here(page)) return false;
  const auto then = before.look(page);
  return then && is_the_same(now, then->bytes());
}

}  // namespace

// What a commit records, gathered: several pages under one lock, and their copies together.
class Member::Recording {
 public:
  explicit Recording(Space& into) : into_(HandleAccess::state(into)) {}

  // Errors: as SpaceState::overwrite(); where: the first page that is not recorded.
  Result<void> add(PageNo page, const std::byte* bytes) {
    pages_[count_++] = {page, bytes};
    return count_ == pages_.size() ? end() : Result<void>{};
  }
  // The same, of those that were added and not written yet.
  Result<void> end() {
    std::size_t written = 0;
    auto done = into_.overwrite({pages_.data(), std::exchange(count_, 0)}, written);
    written_ += written;
    if (!done) done.error().where = address_of(pages_[written].page);
    return done;
  }
  [[nodiscard]] std::uint64_t written() const { return written_; }

 private:
  SpaceState& into_;
  std::size_t count_ = 0;
  std::array<Table::NewPage, Table::kMostNewPages> pages_;
  std::uint64_t written_ = 0;
};

// Pages that only count as changed, because a device might have written to them, because reading
// gave them memory, or because they were opened with a neighbour, are compared first: a thousand
// commits beside one pin are not a thousand copies.
Result<void> Member::record_run(PageRun run, ResidentRanges& resident, SnapshotWalk& before,
                                Recording& into) const {
  PageRun memory{run.first,
                 run.first};  // pages from here on that have memory, as far as we have looked
  for (std::uint64_t page = run.first; page < run.end; ++page) {
    const std::byte* now = mapping_.alias(page);
    const PageNo number = number_of_page(page);
    if (!before.has(number)) {
      if (page >= memory.end) {
        memory = resident.first_in({page, run.end});
        mapping_.enter_alias(memory);
      }
      // A hole is zeroes, as before; to read it would give it memory.
      if (page < memory.first || is_zero(now)) continue;
    } else if ((suspected_.has(page) || !choice_.tracker->is_exact()) &&
               was_the_same(now, before, number)) {
      continue;
    }
    if (auto done = into.add(number, now); !done) return done;
  }
  return {};
}

Result<void> Member::record(PageRun within, const SnapshotState& before, Space& into,
                            std::uint64_t& written) const {
  ResidentRanges resident(mapping_);
  SnapshotWalk walk(before);
  Recording recording(into);
  auto recorded = changed_.for_each_run(within, [&](PageRun run) {
    assume_turn();  // by the function around
    return record_run(run, resident, walk, recording);
  });
  if (recorded) recorded = recording.end();
  written += recording.written();
  return recorded;
}

Result<void> Member::record_changed(const SnapshotState& before, Space& into,
                                    std::uint64_t& written) {
  const std::uint64_t earlier = written;
  auto recorded = record({0, mapping_.pages()}, before, into, written);
  being_recorded_ = written - earlier;
  return recorded;
}

// What has no memory is zeroes, as where `before` knows nothing: of a heap of 16 GiB that a program
// has just begun, nearly all.
Result<void> Member::record_first(const SnapshotState& before, Space& into,
                                  std::uint64_t& written) {
  ResidentRanges resident(mapping_);
  for (PageRun left{0, mapping_.pages()}; left.first < left.end;) {
    const PageRun memory = resident.first_in(left);
    changed_.add(memory);
    left.first = memory.end;
  }
  auto recorded = record_changed(before, into, written);
  changed_.clear();
  return recorded;
}

void Member::committed() noexcept {
  suspected_.clear();
  end_epoch();
  changed_.clear();
  recorded_pages_ += being_recorded_;
  being_recorded_ = 0;
}

}  // namespace cleave::detail
