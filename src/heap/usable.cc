#include "heap/usable.h"

#include <algorithm>

#include "sync/wait.h"

namespace cleave::detail {
namespace {

bool is_at_rest(HeapHeader& header, std::span<HeapSlot> slots) {
  return header.paused.load(sync::acquire) == 0 && header.shared_slot.is_free() &&
         header.pause.is_free() && header.page_lock.is_free() &&
         std::ranges::all_of(
             slots, [](const HeapSlot& slot) { return slot.inside.load(sync::acquire) == 0; });
}

// Other threads of this process may be in their own slots, and leave; a lost one never does.
bool comes_to_rest(HeapHeader& header, std::span<HeapSlot> slots) {
  constexpr unsigned kRounds = 1000;
  for (unsigned round = 0; round < kRounds; ++round) {
    if (is_at_rest(header, slots)) return true;
    sync::relax(round);
  }
  return false;
}

}  // namespace

bool take_over(HeapHeader& header, std::span<HeapSlot> slots) noexcept {
  const sync::Guard guard(sync::process_lock(sync::ProcessLock::heaps));
  const std::uint64_t here = sync::Process::current().number();
  if (header.process.load(sync::relaxed) == here) return true;
  if (!comes_to_rest(header, slots)) return false;
  header.process.store(here, sync::release);
  return true;
}

}  // namespace cleave::detail
