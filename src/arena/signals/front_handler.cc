#include "arena/signals/front_handler.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <cleave/detail/atomic.h>
#include <cleave/fault_signal.h>

#include "arena/signals/fault_watcher.h"
#include "arena/signals/front.h"
#include "base/fail.h"
#include "base/refusal.h"

namespace cleave::detail {
namespace {

constexpr Refusals kInstall =
    CLEAVE_REFUSALS("sigaction", "no handler of SIGSEGV or SIGBUS can be installed");

using Handler = void (*)(int, siginfo_t*, void*);

class KeepErrno {
 public:
  KeepErrno() : errno_(errno) {}
  ~KeepErrno() { errno = errno_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int errno_;
};

constexpr std::size_t kFronts = 64;
// Constant-initialized and never destroyed: a signal may come at any time.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
std::array<Front, kFronts> fronts;
sync::atomic<std::size_t> given_out{0};
/// The one that was last put in front of SIGSEGV, and of SIGBUS: for give_out(), as a hint.
std::array<sync::atomic<Front*>, 2> latest;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void on_signal(Front& front, int signal, siginfo_t* info, void* context);

template <std::size_t I>
void on_signal_at(int signal, siginfo_t* info, void* context) {
  on_signal(fronts[I], signal, info, context);
}
template <std::size_t... I>
constexpr std::array<Handler, kFronts> all_handlers(std::index_sequence<I...>) {
  return {on_signal_at<I>...};
}
// A function each, so that each knows what it stands in front of.
constexpr std::array<Handler, kFronts> kHandlers =
    all_handlers(std::make_index_sequence<kFronts>{});

/// Null: not one of ours.
Front* front_of(const Action& action) {
  for (std::size_t i = 0; i < kFronts; ++i) {
    if (action.sa_sigaction == kHandlers[i]) return &fronts[i];
  }
  return nullptr;
}

// The kernel does for our handler what it would do for theirs. Where they have none: on the
// alternate stack, if the thread has one, since its own may be what it writes to. But it blocks
// nothing: another handler may interrupt ours, and be the first to write to a page.
Action ours_before(const Action& theirs, Handler handler) {
  constexpr int kTakenOver = SA_ONSTACK | SA_RESTART;
  Action ours{};
  ours.sa_sigaction = handler;
  ours.sa_flags = SA_SIGINFO | SA_NODEFER;
  ours.sa_flags |= is_function(theirs) ? theirs.sa_flags & kTakenOver : kTakenOver;
  return ours;
}

/// One that was in front of the same, and that `before` cannot call: we took it away ourselves, or
/// it is before no function. Null: there is none.
Front* come_back(int signal, const Action& before) {
  for (Front& front : fronts) {
    if (!front.is_for(signal) || !is_same(front.action(), before)) continue;
    if (front.come_back() || !is_function(before)) return &front;
  }
  return nullptr;
}

/// For an action that the program has put in our place: a handler that is set anew each time that
/// it is called goes between two fronts. Null: there is none left.
Front* give_out(int signal, const Action& before) {
  const Front* const last =
      latest[signal == SIGSEGV ? 0 : 1].load(sync::relaxed);  // `before` may pass on to it
  Front* newest = nullptr;
  Front* again = nullptr;
  Front* at_worst = nullptr;  // who came later may pass on to it; most do not
  for (Front& front : fronts) {
    if (!front.is_for(signal)) continue;
    newest = &front;
    if (&front != last && front.has_made_way_for(before)) at_worst = &front;
    if (!front.is_before_handler_of(before)) {
      again = nullptr;  // who came later may pass on to what is older than it is
    } else if (&front != last && front.has_made_way_for(before)) {
      again = &front;
    }
    if (is_function(before)) front.make_way_for(before);
  }
  if (again != nullptr && again->serve_again()) return again;
  const bool is_left = given_out.load(sync::relaxed) < kFronts;
  const std::size_t i = is_left ? given_out.fetch_add(1, sync::relaxed) : kFronts;
  if (i >= kFronts) return at_worst != nullptr && at_worst->serve_again() ? at_worst : nullptr;
  fronts[i].begin(signal, before, newest);
  return &fronts[i];
}

Action action_of(int signal) {
  Action now{};
  (void)sigaction(signal, nullptr, &now);
  return now;
}

// Not by raise(): what the signal said is to be in the core file, and where the thread was.
void end_as_by_default(int signal, siginfo_t* info) {
  sigset_t only;
  (void)sigemptyset(&only);
  (void)sigaddset(&only, signal);
  open_watched(only);                            // no thread is to die of an arena's fault instead
  (void)sigprocmask(SIG_BLOCK, &only, nullptr);  // until the handler has returned
  const Action fresh{};
  (void)sigaction(signal, &fresh, nullptr);
  const bool comes_again =
      syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), signal, info) == 0;
  // A fault repeats itself.
  if (!comes_again && info->si_code <= 0) (void)raise(signal);
}

/// What the kernel would have blocked before it calls them.
sigset_t blocked_by(const Action& theirs, int signal) {
  sigset_t blocked = theirs.sa_mask;
  if ((theirs.sa_flags & SA_NODEFER) == 0) (void)sigaddset(&blocked, signal);
  return blocked;
}

// The mask of before is back when our handler returns. What is written to an arena must not fault
// while its signal is blocked: so pages are opened first, and a handler that comes in between finds
// them open or is answered.
void block(const sigset_t& signals) {
  sigset_t blocked;
  (void)sigprocmask(SIG_BLOCK, nullptr, &blocked);
  (void)sigorset(&blocked, &blocked, &signals);
  open_watched(blocked);
  (void)sigprocmask(SIG_BLOCK, &signals, nullptr);
}

bool can_be_ignored(int signal, const siginfo_t* info) {
  return info->si_code <= 0 || (signal == SIGBUS && info->si_code == BUS_MCEERR_AO);
}

// They may never return, but jump or throw: so nothing here waits to be undone.
void pass_on(Front& front, int signal, siginfo_t* info, void* context) {
  bool are_we_in_front = false;
  Action theirs;
  {
    const KeepErrno keep;
    const Action now = action_of(signal);
    are_we_in_front = front_of(now) == &front;
    // Who stands in our place has called us, and is not to be called by us.
    if (!are_we_in_front) front.make_way_for(now);
    theirs = front.take();
    if (theirs.sa_handler == SIG_IGN && can_be_ignored(signal, info)) return;
    if (!is_function(theirs)) return end_as_by_default(signal, info);
    // Where another handler of theirs calls ours, the kernel has blocked for that one.
    sigset_t blocked;
    (void)sigemptyset(&blocked);
    if (are_we_in_front) blocked = blocked_by(theirs, signal);
    block(blocked);
  }
  if ((theirs.sa_flags & SA_SIGINFO) != 0) {
    theirs.sa_sigaction(signal, info, context);
  } else {
    theirs.sa_handler(signal);
  }
  // Who sets a handler inside a handler means the one that was called.
  if (are_we_in_front) {
    const KeepErrno keep;
    (void)stand_in_front(signal);
  }
}

void on_signal(Front& front, int signal, siginfo_t* info, void* context) {
  if (!arena_fault(signal, info, context)) pass_on(front, signal, info, context);
}

}  // namespace

Result<void> stand_in_front(int signal) noexcept {
  Action before = action_of(signal);
  while (front_of(before) == nullptr) {
    Front* front = come_back(signal, before);
    if (front == nullptr) front = give_out(signal, before);
    if (front == nullptr) {
      return fail(Errc::no_memory,
                  "the program has set SIGSEGV or SIGBUS anew too often for cleave to follow; make "
                  "arenas after its handlers, or end all arenas before");
    }
    const Action ours =
        ours_before(before, kHandlers[static_cast<std::size_t>(front - &fronts[0])]);
    Action replaced{};
    latest[signal == SIGSEGV ? 0 : 1].store(front, sync::relaxed);
    if (sigaction(signal, &ours, &replaced) != 0) {
      return refused(kInstall, errno);
    }
    // Else another came in between, and is now nowhere.
    if (is_same(replaced, before)) return {};
    before = replaced;
  }
  return {};
}

Result<void> return_to_front(int signal) noexcept {
  return is_function(action_of(signal)) ? Result<void>{} : stand_in_front(signal);
}

void step_back(int signal) noexcept {
  Front* const front = front_of(action_of(signal));
  if (front == nullptr) return;
  const Action theirs = front->action();
  front->step_back();
  (void)sigaction(signal, &theirs, nullptr);
}

}  // namespace cleave::detail
