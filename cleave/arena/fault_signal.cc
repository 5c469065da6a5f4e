#include "cleave/arena/fault_signal.h"

#include <array>
#include <cerrno>
#include <cstdint>

#include "cleave/sync/atomic.h"
#include "cleave/sync/mutex.h"

namespace cleave {
namespace {

// Written with the lock of `watches()` held; read in signal handlers. A slot is taken by storing its watcher last
// (release) and freed by storing null first; a handler reads the watcher first (acquire).
struct Slot {
  sync::atomic<FaultWatcher*> watcher{nullptr};
  sync::atomic<std::uintptr_t> first{0};
  sync::atomic<std::uintptr_t> end{0};
  sync::atomic<int> signal{0};
};

// Constant-initialized and never destroyed: a fault may come at any time.
std::array<Slot, 64> slots;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

struct Installed {
  sync::mutex lock;
  bool segv = false;
  bool bus = false;
};
Installed& installed() {
  static auto* const only = new Installed;
  return *only;
}

// What was installed before us. Written once each, before our handler can run.
struct sigaction before_segv;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
struct sigaction before_bus;   // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void pass_on(int signal, siginfo_t* fault, void* context) noexcept {
  const struct sigaction& before = signal == SIGSEGV ? before_segv : before_bus;
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(signal, fault, context);
  } else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
    // The access is repeated, faults again, and ends the process the way it would have without us.
    struct sigaction fresh {};
    fresh.sa_handler = SIG_DFL;
    (void)sigaction(signal, &fresh, nullptr);
    // Sent by somebody rather than raised by an access: it would not come again by itself.
    if (fault->si_code <= 0) (void)raise(signal);
  } else {
    before.sa_handler(signal);
  }
}

void on_signal(int signal, siginfo_t* fault, void* context) {
  const int errno_before = errno;
  if (!arena_fault(signal, fault)) pass_on(signal, fault, context);
  errno = errno_before;
}

Result<void> install(int signal) {
  Installed& now = installed();
  bool& done = signal == SIGSEGV ? now.segv : now.bus;
  if (done) return {};
  struct sigaction ours {};
  ours.sa_sigaction = on_signal;
  // On the alternate stack, if the thread has one: its own stack may be what it writes to. Not deferred: what we
  // pass the fault on to may fault itself.
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

Result<void> watch_faults(int signal, std::span<std::byte> range, FaultWatcher& watcher) {
  const sync::Guard guard(installed().lock);
  for (Slot& slot : slots) {
    if (slot.watcher.load(sync::relaxed) != nullptr) continue;
    if (auto ready = install(signal); !ready) return ready;
    const auto first = reinterpret_cast<std::uintptr_t>(range.data());
    slot.first.store(first, sync::relaxed);
    slot.end.store(first + range.size(), sync::relaxed);
    slot.signal.store(signal, sync::relaxed);
    slot.watcher.store(&watcher, sync::release);
    return {};
  }
  return fail(Errc::no_memory, "64 arenas already have their faults handled by signals; end one");
}

void unwatch_faults(FaultWatcher& watcher) noexcept {
  const sync::Guard guard(installed().lock);
  for (Slot& slot : slots) {
    if (slot.watcher.load(sync::relaxed) == &watcher) slot.watcher.store(nullptr, sync::release);
  }
}

bool arena_fault(int signal, const siginfo_t* fault) noexcept {
  if (fault->si_code <= 0) return false;  // sent, not raised
  const auto address = reinterpret_cast<std::uintptr_t>(fault->si_addr);
  for (Slot& slot : slots) {
    FaultWatcher* const watcher = slot.watcher.load(sync::acquire);
    if (watcher == nullptr || slot.signal.load(sync::relaxed) != signal ||
        address < slot.first.load(sync::relaxed) || address >= slot.end.load(sync::relaxed)) {
      continue;
    }
    return watcher->fault(static_cast<std::byte*>(fault->si_addr));
  }
  return false;
}

}  // namespace cleave
