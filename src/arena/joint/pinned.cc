// Pins of one member, in the joint's turn.
#include "arena/joint/joint.h"
#include "arena/joint/turn.h"

namespace cleave::detail {

Result<void> Joint::pin(Member& member, const void* at, ByteCount bytes, PinAccess access,
                        PinTerm term) {
  if (auto here = check_here(); !here) return here;
  const auto run = member.pages_of(at, bytes);
  if (!run) return tl::unexpected(run.error());
  // A device reads and writes where no fault brings a page.
  if (auto here = member.fetch_late(*run); !here) return tl::unexpected(here.error());
  const sync::Guard guard(lock_);
  member.assume_turn();  // ours
  return member.add_pin(*run, access, term);
}

Result<std::uint64_t> Joint::fetch(Member& member, const void* at, ByteCount bytes) {
  if (!process_.is_here()) return tl::unexpected(check_here().error());
  const auto run = member.pages_of(at, bytes);
  if (!run) return tl::unexpected(run.error());
  return member.fetch_late(*run);
}

void Joint::unpin(Member& member, PageRun run, PinAccess access, PinTerm term) noexcept {
  if (!process_.is_here()) return;  // for the reason of check_here()
  const Turn turn(*this);
  member.assume_turn();  // ours
  member.remove_pin(run, access, term);
}

ArenaStatistics Joint::statistics(const Member& member) const {
  if (!process_.is_here()) return {};
  const Turn turn(*this);
  member.assume_turn();  // ours
  ArenaStatistics all = member.statistics();
  all.commits = history_->made();
  all.living = history_->living();
  return all;
}

}  // namespace cleave::detail
