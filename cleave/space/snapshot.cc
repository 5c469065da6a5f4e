#include "cleave/space/snapshot.h"

#include "cleave/space/pages.h"
#include "cleave/space/space.h"
#include "cleave/space/space_state.h"
#include "cleave/table/diff.h"

namespace cleave {

Snapshot::Snapshot(const Snapshot& other) noexcept : Snapshot(*other.frames_, other.regions_) {
  table_.share(other.table_, *frames_);
}

Snapshot::Snapshot(Snapshot&& other) noexcept
    : frames_(other.frames_), regions_(std::move(other.regions_)) {
  table_.swap(other.table_);
}

Snapshot& Snapshot::operator=(Snapshot other) noexcept {
  std::swap(frames_, other.frames_);
  table_.swap(other.table_);
  std::swap(regions_, other.regions_);
  return *this;
}

Snapshot::~Snapshot() { table_.drop(*frames_); }

Result<void> Snapshot::read(Address from, std::span<std::byte> into) const {
  return for_each_page(
      from, into, [this](PageNo page, std::uint64_t offset, auto part) -> Result<void> {
        if (auto allowed = regions_.check({page, page + 1}, Protection::read); !allowed)
          return allowed;
        sync::read_bytes(part.data(), frames_->data(table_.find(page)) + offset, part.size());
        return {};
      });
}

const std::byte* Snapshot::page(PageNo page) const noexcept {
  const FrameId frame = table_.find(page);
  return frame == kZeroFrame ? nullptr : frames_->data(frame);
}

Result<Space> Snapshot::fork() const {
  SpaceState* child = SpaceState::make(*frames_);
  if (child == nullptr) return fail(Errc::no_memory, "malloc has no memory for a space");
  child->table.share(table_, *frames_);
  child->regions = regions_;
  return Space(child);
}

Result<void> diff(const Snapshot& a, const Snapshot& b,
                  const std::function<void(PageRange)>& differs) {
  if (a.frames_ != b.frames_) {
    return fail(Errc::bad_argument, "the snapshots come from different pools");
  }
  diff(a.table_.root(), b.table_.root(), differs);
  return {};
}

}  // namespace cleave
