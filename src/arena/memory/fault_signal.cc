#include <ucontext.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/fault_signal.h>

#include "arena/memory/fault_watcher.h"
#include "base/fail.h"
#include "sync/mutex.h"
#include "sync/process.h"

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
    watcher_.store(watch.watcher, sync::release);
    first_.store(watch.first, sync::release);
    end_.store(watch.end, sync::release);
    signal_.store(watch.signal, sync::release);
    version_.store(before + 2, sync::release);
  }
  /// Precondition: no thread writes to it, or none that was lives.
  void clear() noexcept {
    watcher_.store(nullptr, sync::release);
    version_.store(0, sync::release);
  }
  /// No watcher, while it is being written: then it is no range that the caller may be touching.
  [[nodiscard]] Watch read() const noexcept {
    const std::uint32_t before = version_.load(sync::acquire);
    const Watch watch{.watcher = watcher_.load(sync::acquire),
                      .first = first_.load(sync::acquire),
                      .end = end_.load(sync::acquire),
                      .signal = signal_.load(sync::acquire)};
    return before % 2 == 0 && version_.load(sync::relaxed) == before ? watch : Watch{};
  }

 private:
  sync::atomic<std::uint32_t> version_{0};
  sync::atomic<FaultWatcher*> watcher_{nullptr};
  sync::atomic<std::uintptr_t> first_{0};
  sync::atomic<std::uintptr_t> end_{0};
  sync::atomic<int> signal_{0};
};

// Constant-initialized and never destroyed: a fault may come at any time.
std::array<Slot, 64> slots;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// With the process's lock of the watches.
struct Installed {
  bool segv = false;
  bool bus = false;
  sync::Process process = sync::Process::none();  // whose the slots are
};
Installed installed;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// Holds the lock for a scope. A child of fork(2) has its parent's handlers, and none of its
/// watches; a slot may even be half written there.
class Watches {
 public:
  Watches() noexcept : guard_(sync::process_lock(sync::ProcessLock::fault_watches)) {
    if (installed.process.is_here()) return;
    for (Slot& slot : slots) slot.clear();
    installed.process = sync::Process::current();
  }

 private:
  sync::Guard guard_;
};

// What was installed before us. Written once each, before our handler can run.
struct sigaction before_segv;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
struct sigaction before_bus;   // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

// Sent by a process rather than raised by an access.
bool is_sent(const siginfo_t* fault) { return fault->si_code <= 0; }

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

void pass_on(int signal, siginfo_t* fault, void* context) noexcept {
  const struct sigaction& before = signal == SIGSEGV ? before_segv : before_bus;
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(signal, fault, context);
  } else if (before.sa_handler == SIG_IGN && is_sent(fault)) {
    return;
  } else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
    // The access is repeated, faults again, and ends the process the way it would have without us.
    struct sigaction fresh {};
    fresh.sa_handler = SIG_DFL;
    (void)sigaction(signal, &fresh, nullptr);
    if (is_sent(fault)) (void)raise(signal);  // it would not come again by itself
  } else {
    before.sa_handler(signal);
  }
}

void on_signal(int signal, siginfo_t* fault, void* context) {
  const int errno_before = errno;
  if (!arena_fault(signal, fault, context)) pass_on(signal, fault, context);
  errno = errno_before;
}

Result<void> install(int signal, const Watches& /*held*/) {
  bool& done = signal == SIGSEGV ? installed.segv : installed.bus;
  if (done) return {};
  struct sigaction ours {};
  ours.sa_sigaction = on_signal;
  // On the alternate stack, if the thread has one: its own stack may be what it writes to. Not
  // deferred: what we pass the fault on to may fault itself.
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  (void)sigemptyset(&ours.sa_mask);
  struct sigaction& before = signal == SIGSEGV ? before_segv : before_bus;
  if (sigaction(signal, nullptr, &before) != 0 || sigaction(signal, &ours, nullptr) != 0) {
    return fail(Errc::unsupported, "no signal handler can be installed", {}, errno);
  }
  done = true;
  return {};
}

}  // namespace

Result<void> detail::watch_faults(int signal, std::span<std::byte> range, FaultWatcher& watcher) {
  const Watches held;
  for (Slot& slot : slots) {
    if (slot.read().watcher != nullptr) continue;
    if (auto ready = install(signal, held); !ready) return ready;
    const auto first = reinterpret_cast<std::uintptr_t>(range.data());
    slot.write({&watcher, first, first + range.size(), signal});
    return {};
  }
  return fail(Errc::no_memory, "64 arenas already have their faults handled by signals; end one");
}

void detail::unwatch_faults(FaultWatcher& watcher) noexcept {
  const Watches held;
  for (Slot& slot : slots) {
    if (slot.read().watcher == &watcher) slot.write({});
  }
}

bool arena_fault(int signal, const siginfo_t* fault, const void* context) noexcept {
  if (is_sent(fault) || is_jump(fault, context)) return false;
  const auto address = reinterpret_cast<std::uintptr_t>(fault->si_addr);
  for (const Slot& slot : slots) {
    const Watch watch = slot.read();
    if (watch.watcher == nullptr || watch.signal != signal || address < watch.first ||
        address >= watch.end) {
      continue;
    }
    return watch.watcher->fault(static_cast<std::byte*>(fault->si_addr));
  }
  return false;
}

}  // namespace cleave
