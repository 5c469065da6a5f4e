#include <ucontext.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/fault_signal.h>

#include "arena/signals/fault_watcher.h"
#include "arena/signals/front_handler.h"
#include "base/fail.h"
#include "sync/memory.h"
#include "sync/mutex.h"
#include "sync/process.h"
#include "sync/wait.h"

namespace cleave {
using namespace detail;
namespace {

struct Watch {
  FaultWatcher* watcher = nullptr;
  std::uintptr_t first = 0;
  std::uintptr_t end = 0;
  int signal = 0;
};

/// A sequence lock. Written with the lock of the watches held; read in signal handlers, which
/// must not take half of an old range for half of a new one. The version is odd while a write
/// lasts. Writer: version (relaxed), fields (release), version (release). Reader: version
/// (acquire), fields (acquire), version (relaxed): a handler that reads a field of a write finds
/// a version that is no older.
class Slot {
 public:
  void write(const Watch& watch) noexcept {
    const std::uint32_t before = version_.load(sync::relaxed);
    version_.store(before + 1, sync::relaxed);
    watcher_.store(watch.watcher, sync::seq_cst);
    first_.store(watch.first, sync::release);
    end_.store(watch.end, sync::release);
    signal_.store(watch.signal, sync::release);
    version_.store(before + 2, sync::release);
  }
  /// Precondition: no thread writes to it or visits it, or none that did lives.
  void clear() noexcept {
    watcher_.store(nullptr, sync::seq_cst);
    visitors_.store(0, sync::relaxed);
    version_.store(0, sync::release);
  }
  /// No watcher, while it is being written: then it is no range that the caller may be touching.
  [[nodiscard]] Watch read() const noexcept {
    const std::uint32_t before = version_.load(sync::acquire);
    const Watch watch{.watcher = watcher_.load(sync::seq_cst),
                      .first = first_.load(sync::acquire),
                      .end = end_.load(sync::acquire),
                      .signal = signal_.load(sync::acquire)};
    return before % 2 == 0 && version_.load(sync::relaxed) == before ? watch : Watch{};
  }
  /// Calls `look(const Watch&)`; the watcher lives as long as that takes.
  template <class Look>
  void visit(Look look) noexcept {
    visitors_.add(1, sync::seq_cst);
    look(read());
    visitors_.sub(1, sync::seq_cst);
  }
  /// After a write: until nobody has what was there before. Dekker's algorithm: a visitor counts
  /// itself and then reads the watcher; who has written another one then reads the count.
  void wait_for_visitors() const noexcept {
    (void)sync::wait_until(
        visitors_, [](std::uint32_t n) { return n == 0; }, "watch.visitors");
  }

 private:
  sync::atomic<std::uint32_t> visitors_{0};
  sync::atomic<std::uint32_t> version_{0};
  sync::atomic<FaultWatcher*> watcher_{nullptr};
  sync::atomic<std::uintptr_t> first_{0};
  sync::atomic<std::uintptr_t> end_{0};
  sync::atomic<int> signal_{0};
};

/// Some slots, and where there are more. Blocks are added at the end, with the lock of
/// the watches held, and never end: a handler may be on its way through them.
struct SlotBlock {
  std::array<Slot, 64> slots;
  /// Written once (release: the slots are there), read in signal handlers (acquire).
  sync::atomic<SlotBlock*> next{nullptr};
};

// Constant-initialized and never destroyed: a fault may come at any time.
SlotBlock first_slots;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// Calls `visit(Slot&)` for each slot, until it gives true; whether it did.
template <class Visit>
bool any_slot(Visit visit) noexcept {
  for (SlotBlock* block = &first_slots; block != nullptr; block = block->next.load(sync::acquire)) {
    for (Slot& slot : block->slots) {
      if (visit(slot)) return true;
    }
  }
  return false;
}

/// The first of a new block. With the lock of the watches held. nullptr: no memory.
Slot* more_slots() noexcept {
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
    (void)any_slot([](Slot& slot) {
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
  return any_slot([signal](const Slot& slot) {
    const Watch watch = slot.read();
    return watch.watcher != nullptr && watch.signal == signal;
  });
}

}  // namespace

Result<void> detail::watch_faults(int signal, std::span<std::byte> range, FaultWatcher& watcher) {
  const Watches held;
  Slot* free = nullptr;
  if (!any_slot([&free](Slot& slot) {
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
  (void)any_slot([&watcher](Slot& slot) {
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
  (void)any_slot([&signals](Slot& slot) {
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
  const bool watched = any_slot([&](const Slot& slot) {
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
