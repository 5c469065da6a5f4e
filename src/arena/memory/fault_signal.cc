#include <ucontext.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/fault_signal.h>

#include "arena/memory/fault_watcher.h"
#include "arena/memory/front_handler.h"
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

/// Slots for some watchers, and where the next ones are.
struct Slots {
  std::array<Slot, 64> here;
  sync::atomic<Slots*> next{nullptr};
};
// Constant-initialized and never destroyed, nor are those that are added: a fault may come at any
// time.
Slots first_slots;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// Calls `look(Slot&)`, which says whether to go on.
template <class Look>
void for_each_slot(Look look) noexcept {
  for (Slots* slots = &first_slots; slots != nullptr; slots = slots->next.load(sync::acquire)) {
    for (Slot& slot : slots->here) {
      if (!look(slot)) return;
    }
  }
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
    for_each_slot([](Slot& slot) {
      slot.clear();
      return true;
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

/// With the lock of the watches: a slot that is free. Null: out of memory for more.
Slot* free_slot() {
  Slots* last = nullptr;
  for (Slots* slots = &first_slots; slots != nullptr; slots = slots->next.load(sync::relaxed)) {
    for (Slot& slot : slots->here) {
      if (slot.read().watcher == nullptr) return &slot;
    }
    last = slots;
  }
  auto* const more = sync::make<Slots>();
  if (more == nullptr) return nullptr;
  last->next.store(more, sync::release);
  return &more->here.front();
}

bool is_watched(int signal) {
  bool found = false;
  for_each_slot([&](const Slot& slot) {
    const Watch watch = slot.read();
    found = watch.watcher != nullptr && watch.signal == signal;
    return !found;
  });
  return found;
}

}  // namespace

Result<void> detail::watch_faults(int signal, std::span<std::byte> range, FaultWatcher& watcher) {
  const Watches held;
  Slot* const slot = free_slot();
  if (slot == nullptr) return fail(Errc::no_memory, "out of memory for one more watched range");
  if (auto ready = stand_in_front(signal); !ready) return ready;
  const auto first = reinterpret_cast<std::uintptr_t>(range.data());
  slot->write({&watcher, first, first + range.size(), signal});
  return {};
}

void detail::unwatch_faults(FaultWatcher& watcher) noexcept {
  const Watches held;
  for_each_slot([&watcher](Slot& slot) {
    const Watch watch = slot.read();
    if (watch.watcher != &watcher) return true;
    slot.write({});
    slot.wait_for_visitors();
    if (!is_watched(watch.signal)) step_back(watch.signal);
    return true;
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
  for_each_slot([&signals](Slot& slot) {
    slot.visit([&signals](const Watch& watch) {
      if (watch.watcher != nullptr && sigismember(&signals, watch.signal) == 1) {
        watch.watcher->open_all();
      }
    });
    return true;
  });
  (void)sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = errno_before;
}

bool arena_fault(int signal, const siginfo_t* fault, const void* context) noexcept {
  if (!is_protection(signal, fault) || is_jump(fault, context)) return false;
  const int errno_before = errno;
  const auto address = reinterpret_cast<std::uintptr_t>(fault->si_addr);
  bool served = false;
  for_each_slot([&](const Slot& slot) {
    const Watch watch = slot.read();
    if (watch.watcher == nullptr || watch.signal != signal || address < watch.first ||
        address >= watch.end) {
      return true;
    }
    served = watch.watcher->fault(static_cast<std::byte*>(fault->si_addr));
    return false;
  });
  errno = errno_before;
  return served;
}

}  // namespace cleave
