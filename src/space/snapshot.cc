#include <cleave/detail/word.h>
#include <cleave/snapshot.h>
#include <cleave/space.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "space/pages.h"
#include "space/snapshot_state.h"
#include "space/space_state.h"
#include "sync/memory.h"
#include "table/diff.h"

namespace cleave {
using namespace detail;

SnapshotState* SnapshotState::make(Frames& frames, const Regions& regions) noexcept {
  return sync::make<SnapshotState>(frames, regions);
}

void SnapshotState::release() noexcept {
  const bool here = frames.is_here();  // before the locked operation, which loads wait for
  if (references.fetch_sub(1, sync::acq_rel) != 1 || !here) return;
  Frames& pool = frames;
  table.drop(pool);
  sync::destroy(this);
  pool.release();
}

Snapshot::Snapshot(const Snapshot& other) noexcept : state_(&other.state()) { state_->retain(); }

Snapshot::~Snapshot() {
  if (state_ != nullptr) state_->release();
}

SnapshotState& Snapshot::state() const noexcept {
  CLEAVE_CHECK(state_ != nullptr, "use of a moved-from Snapshot");
  return *state_;
}

Result<void> Snapshot::read(Address from, std::span<std::byte> into) const {
  const SnapshotState& s = state();
  if (!s.frames.is_here()) return not_here();
  return for_each_page(
      from, into, [&s](PageNo page, std::uint64_t offset, auto part) -> Result<void> {
        if (auto allowed = s.regions.check({page, page + 1}, Protection::read); !allowed)
          return allowed;
        const auto look = s.look(page);
        if (!look) return tl::unexpected(look.error());
        sync::read_bytes(part.data(), look->bytes() + offset, part.size());
        return {};
      });
}

bool Snapshot::is_in_memory(Address at, ByteCount bytes) const noexcept {
  const SnapshotState& s = state();
  if (!s.frames.is_here() || s.frames.away() == nullptr) return true;
  return all_pages(at, bytes,
                   [&s](PageNo page) { return s.frames.is_in_memory(s.table.find(page)); });
}

Result<PageView> Snapshot::view(PageNo page) const& {
  const SnapshotState& s = state();
  if (!s.frames.is_here()) return not_here();
  if (page >= kPageLimit) return fail(Errc::bad_argument, "the page lies beyond 2^48");
  return s.look(page).map(
      [&](Look&& look) { return PageView(s.frames, look.keep(), !s.has(page)); });
}

Result<Space> Snapshot::fork() const {
  const SnapshotState& s = state();
  if (!s.frames.is_here()) return not_here();
  SpaceState* child = SpaceState::make(s.frames);
  if (child == nullptr) return fail(Errc::no_memory, "out of memory allocating a space");
  child->lock.assume_held();  // no other thread knows it yet
  child->table.share(s.table, s.frames);
  child->regions = s.regions;
  return HandleAccess::make<Space>(child);
}

PageView& PageView::operator=(PageView&& other) noexcept {
  PageView taken = std::move(other);
  std::swap(frames_, taken.frames_);
  std::swap(bytes_, taken.bytes_);
  std::swap(absent_, taken.absent_);
  return *this;  // what was looked at here goes with `taken`
}

PageView::~PageView() {
  if (bytes_ != nullptr && frames_->is_here()) frames_->unwire_at(bytes_);
}

void Snapshot::for_each_region(function_ref<void(const Region&)> visit) const {
  state().regions.for_each(visit);
}

Result<void> diff(const Snapshot& a, const Snapshot& b, function_ref<void(PageRange)> differs) {
  const SnapshotState& left = HandleAccess::state(a);
  const SnapshotState& right = HandleAccess::state(b);
  if (!left.frames.is_here()) return not_here();
  if (&left.frames != &right.frames) {
    return fail(Errc::bad_argument, "the snapshots come from different pools");
  }
  detail::diff(left.table.root(), right.table.root(), differs);
  return {};
}

}  // namespace cleave
