#include <ucontext.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/fault_signal.h>

#include "arena/signals/fault_watcher.h"
#include "arena/signals/front_handler.h"
#include "arena/signals/watch_slot.h"
#include "base/fail.h"
#include "sync/memory.h"
#include "sync/mutex.h"
#include "sync/process.h"

namespace cleave {
using namespace detail;
namespace {

/// Some slots, and where there are more. Blocks are added at the end, with the lock of
/// the watches held, and never end: a handler may be on its way through them.
struct SlotBlock {
  std::array<WatchSlot, 64> slots;
  /// Written once (release: the slots are there), read in signal handlers (acquire).
  sync::atomic<SlotBlock*> next{nullptr};
};

// Constant-initialized and never destroyed: a fault may come at any time.
SlotBlock first_slots;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// Calls `visit(WatchSlot&)` for each slot, until it gives true; whether it did.
template <class Visit>
bool any_slot(Visit visit) noexcept {
  for (SlotBlock* block = &first_slots; block != nullptr; block = block->next.load(sync::acquire)) {
    for (WatchSlot& slot : block->slots) {
      if (visit(slot)) return true;
    }
  }
  return false;
}

/// The first of a new block. With the lock of the watches held. nullptr: no memory.
WatchSlot* more_slots() noexcept {
  auto* more = sync::make<SlotBlock>();
  if (more == nullptr) return nullptr;
  SlotBlock* last = &first_slots;
  while (SlotBlock* next = last->next.load(sync::relaxed)) last = next;
  last->next.store(more, sync::release);
  return &more->slots.front();
}

/// Whose the slots are. With the lock of the watches.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
sync::Process owner = sync::Process::none();

/// Holds the lock for a scope. A child of fork(2) has its parent's handlers, and none of its
/// watches; a slot may even be half written there.
class Watches {
 public:
  Watches() noexcept : guard_(sync::process_lock(sync::ProcessLock::fault_watches)) {
    if (owner.is_here()) return;
    (void)any_slot([](WatchSlot& slot) {
      slot.clear();
      return false;
    });
    owner = sync::Process::current();
  }

 private:
  sync::Guard guard_;
};

// What the kernel says of an access that the memory's protection forbids: SEGV_ACCERR, or
// BUS_ADRERR for userfaultfd's. Not of what a process sends, and not of broken hardware.
bool is_protection(int signal, const siginfo_t* fault) {
  const int forbidden = signal == SIGSEGV ? int{SEGV_ACCERR} : int{BUS_ADRERR};
  return fault->si_code == forbidden;
}

// Arenas are not executable, and lifting write-protection does not make them so.
bool is_jump([[maybe_unused]] const siginfo_t* fault, const void* context) {
  if (context == nullptr) return false;
  [[maybe_unused]] const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(machine.gregs[REG_RIP]) ==
         reinterpret_cast<std::uintptr_t>(fault->si_addr);
#elif defined(__aarch64__)
  return machine.pc == reinterpret_cast<std::uintptr_t>(fault->si_addr);
#else
  return false;
#endif
}

bool is_watched(int signal) {
  return any_slot([signal](const WatchSlot& slot) {
    const Watch watch = slot.read();
    return watch.watcher != nullptr && watch.signal == signal;
  });
}

}  // namespace

Result<void> detail::watch_faults(int signal, std::span<std::byte> range, FaultWatcher& watcher) {
  const Watches held;
  WatchSlot* free = nullptr;
  if (!any_slot([&free](WatchSlot& slot) {
        free = &slot;
        return slot.read().watcher == nullptr;
      })) {
    free = more_slots();
  }
  if (free == nullptr) {
    return fail(Errc::no_memory, "out of memory allocating what handles an arena's faults");
  }
  if (auto ready = stand_in_front(signal); !ready) return ready;
  const auto first = reinterpret_cast<std::uintptr_t>(range.data());
  free->write({&watcher, first, first + range.size(), signal});
  return {};
}

void detail::unwatch_faults(FaultWatcher& watcher) noexcept {
  const Watches held;
  (void)any_slot([&watcher](WatchSlot& slot) {
    const Watch watch = slot.read();
    if (watch.watcher != &watcher) return false;
    slot.write({});
    slot.wait_for_visitors();
    if (!is_watched(watch.signal)) step_back(watch.signal);
    return false;
  });
}

// No signal may interrupt it: a handler that jumps away would leave the slots with a visitor. (On
// Linux the mask is the calling thread's.)
void detail::open_watched(const sigset_t& signals) noexcept {
  const int errno_before = errno;
  sigset_t all;
  sigset_t before;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, &before);
  (void)any_slot([&signals](WatchSlot& slot) {
    slot.visit([&signals](const Watch& watch) {
      if (watch.watcher != nullptr && sigismember(&signals, watch.signal) == 1) {
        watch.watcher->open_all();
      }
    });
    return false;
  });
  (void)sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = errno_before;
}

bool arena_fault(int signal, const siginfo_t* fault, const void* context) noexcept {
  if (!is_protection(signal, fault) || is_jump(fault, context)) return false;
  const int errno_before = errno;
  const auto address = reinterpret_cast<std::uintptr_t>(fault->si_addr);
  Watch found;
  const bool watched = any_slot([&](const WatchSlot& slot) {
    found = slot.read();
    return found.watcher != nullptr && found.signal == signal && address >= found.first &&
           address < found.end;
  });
  if (!watched) return false;
  const bool served = found.watcher->fault(static_cast<std::byte*>(fault->si_addr));
  errno = errno_before;
  return served;
}

}  // namespace cleave
