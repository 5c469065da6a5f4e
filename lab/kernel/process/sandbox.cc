#include "lab/kernel/process/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "lab/kernel/process/memory_calls.h"
#include "lab/kernel/process/sampling.h"
#include "lab/kernel/process/stuck.h"
#include "lab/kernel/process/test_process.h"

namespace lab::kernel {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Whether a process has ended, or does within that time.
bool has_ended_by(int pidfd, milliseconds within) {
  pollfd of{pidfd, POLLIN, 0};
  return poll(&of, 1, static_cast<int>(within.count())) == 1;
}

bool has_ended(pid_t pid, milliseconds within) {
  const int file = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (file < 0) return errno == ESRCH;
  const bool ended = has_ended_by(file, within);
  close(file);
  return ended;
}

// What a CPU's batches refer to looks shared, and the kernel drains those of its own CPU before it
// decides. Where nothing races nothing is lost by it.
void keep_to(unsigned processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  sched_setaffinity(0, sizeof one, &one);
}

// The first process of the namespace: what it does not kill itself, the kernel does when it ends.
class Sandbox {
 public:
  Sandbox(CompiledTest& compiled, SharedState& shared, const Effort& effort)
      : test_(compiled), shared_(shared), effort_(effort) {}

  void set_up(const std::string& folder) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (effort_.processor) keep_to(*effort_.processor);
    const bool wants_fuse = std::ranges::any_of(test_.reference_uses, [](const ReferenceUse& use) {
      return use.method == GupMethod::fuse_read || use.method == GupMethod::fuse_write;
    });
    if (test_.requirements.hugetlb && !hold_huge_pages(test_.requirements.huge_pages))
      return shared_.fail("the pool of huge pages was changed from outside");
    if (test_.requirements.split) mount("none", "/sys/kernel/debug", "debugfs", 0, nullptr);
    if (!wants_fuse) return;
    // What files are mounted on is nowhere but here, and goes with the namespace.
    if (mount("cleave-lab", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") != 0)
      return shared_.fail(fmt::format("FUSE: tmpfs: {}", std::strerror(errno)));
    for (std::size_t i = 0; i < test_.reference_uses.size(); ++i) {
      const GupMethod method = test_.reference_uses[i].method;
      if (method != GupMethod::fuse_read && method != GupMethod::fuse_write) continue;
      std::string error;
      servers_.push_back(
          FuseServer::mount(fmt::format("{}/file-{}", folder, i), test_.fuse[i], error));
      if (servers_.back() == nullptr) return shared_.fail("FUSE: " + error);
    }
  }

  void run_all() {
    const Clock::time_point end = Clock::now() + effort_.time;
    while (!shared_.stop && !shared_.failed() && shared_.runs < effort_.runs) {
      run();
      if (shared_.hung || Clock::now() >= end) break;
    }
    if (test_.ordered && shared_.runs > 0 && !shared_.hung && !shared_.stop && !shared_.failed())
      record_a_run();
  }

 private:
  void run() {
    shared_.clear();
    // A test may have turned it off. EBUSY: it did not.
    if (test_.requirements.swap && !swap_on(test_.swap_file) && errno != EBUSY)
      return shared_.fail(fmt::format("swapon {}: {}", test_.swap_file, std::strerror(errno)));
    // A ring goes some time after who made it, and the page that it pins with it.
    const auto pool_is_full = [&] { return free_huge_pages() == test_.requirements.huge_pages; };
    if (test_.requirements.hugetlb && !shared_.changed.wait(pool_is_full, std::chrono::seconds(5)))
      return shared_.fail("huge pages of the run before were not freed within 5 s");
    const pid_t first = fork();
    if (first == 0) start_first_process();
    if (first < 0) return shared_.fail("fork: no more processes");
    const bool begun = shared_.changed.wait(
        [&] { return shared_.failed() || shared_.processes[0].state != ProcessState::absent; },
        std::chrono::seconds(20));
    if (!begun) shared_.fail("a process did not start within 20 s");
    if (!shared_.failed()) {
      const bool looked_at = shared_.recording.running;
      if (looked_at) take_sample(test_, shared_, kThreads, 0);
      go(Phase::perform);
      const bool ended = ends();
      if (looked_at)
        compare(ended);
      else
        note(ended);
    }
    kill_all();
  }

  // One run more. Only if it ends as others did does it show what happens when no samples are
  // taken.
  void record_a_run() {
    shared_.recording.running = true;
    run();
    shared_.recording.running = false;
  }

  [[noreturn]] void start_first_process() {
    for (const auto& server : servers_) server->forget();
    if (!test_.group.empty() &&
        !(std::ofstream(test_.group + "/cgroup.procs") << "0" << std::flush))
      shared_.fail("a process cannot be put into " + test_.group);
    TestProcess(test_, shared_, shared_.runs).begin();
  }

  void go(Phase phase) {
    shared_.phase = phase;
    shared_.changed.wake_all();
  }

  // Whether all threads come to their end, or to their process'. False: they never do, or nothing
  // has moved for as long as patience goes. A process that was killed from outside does not hang.
  bool ends() {
    const auto ended = [&] {
      for (std::size_t i = 0; i < test_.plan.threads.size(); ++i) {
        const ProcessState life = shared_.processes[test_.plan.threads[i].process].state;
        if (life == ProcessState::running && !shared_.threads[i].ended) return false;
      }
      return true;
    };
    constexpr milliseconds kBetweenLooks{20};
    StuckThreads stuck(test_, shared_);
    std::uint64_t seen = shared_.steps;
    for (Clock::time_point latest = Clock::now() + effort_.patience; Clock::now() < latest;) {
      if (shared_.changed.wait(ended, kBetweenLooks)) return true;
      if (stuck.all()) break;
      if (shared_.steps != seen) latest = Clock::now() + effort_.patience;
      seen = shared_.steps;
    }
    for (std::size_t i = 0; i < test_.plan.processes.size(); ++i)
      if (shared_.processes[i].state == ProcessState::running &&
          has_ended(shared_.processes[i].pid, milliseconds(0)))
        shared_.fail(fmt::format("{} was killed, and not by the test", test_.plan.processes[i]));
    return false;
  }

  // What the processes see now: page tables first, since reading changes them.
  bool look() {
    await_ends();
    go(Phase::look);
    const bool answered = shared_.changed.wait([&] { return shared_.all_answered(Phase::read); },
                                               std::chrono::seconds(10));
    if (!answered) shared_.fail("a process did not report its memory within 10 s");
    return !shared_.failed();
  }

  void await_ends() {
    for (std::size_t i = 0; i < test_.plan.processes.size(); ++i)
      if (shared_.processes[i].state > ProcessState::running) await_end(shared_.processes[i].pid);
  }

  static void await_end(pid_t pid) { (void)has_ended(pid, milliseconds(1000)); }

  void note(bool ended) {
    if (shared_.failed()) return;
    if (!ended) shared_.hung = true;
    if (ended && !look()) return;
    ++shared_.runs;
    if (shared_.hung) return;
    const Answers answers = answer();
    if (shared_.failed()) return;
    auto* const end = shared_.ends.data() + shared_.end_count;
    const std::uint64_t refused = shared_.refused;
    auto* const found = std::find_if(shared_.ends.data(), end, [&](const SharedState::End& e) {
      return e.answers == answers && e.refused == refused;
    });
    if (found == shared_.ends.data() + shared_.ends.size()) {
      const std::vector<std::uint64_t> all(answers.begin(), answers.end());
      ++shared_.more[judge::holds(test_.plan.test->final.condition, test_.plan, all) ? 1 : 0];
      return;
    }
    if (found == end) {
      *end = {answers, refused, 0};
      ++shared_.end_count;
    }
    ++found->count;
  }

  void compare(bool ended) {
    if (!ended || shared_.failed()) return;
    await_ends();
    take_sample(test_, shared_, kThreads, 0);
    if (!look()) return;
    const Answers answers = answer();
    if (shared_.failed()) return;
    for (std::uint32_t i = 0; i < shared_.end_count; ++i)
      if (shared_.ends[i].answers == answers && shared_.ends[i].refused == shared_.refused &&
          !shared_.recording.invalid) {
        shared_.recording.end = i;
        shared_.recording.complete = true;
      }
  }

  using Answers = std::array<std::uint64_t, kQuantities>;
  [[nodiscard]] Answers answer() const {
    Answers answers{};
    for (std::size_t i = 0; i < test_.plan.quantities.size(); ++i)
      answers[i] = answer(test_.plan.quantities[i]);
    return answers;
  }
  [[nodiscard]] std::uint64_t answer(const judge::Quantity& quantity) const;
  [[nodiscard]] bool coherent(const SharedState::Reference& reference) const;
  [[nodiscard]] std::uint64_t content(model::ProcessId process, model::PageNo page,
                                      litmus::Half half) const {
    const SharedState::Process& of = shared_.processes[process];
    return of.state == ProcessState::running ? of.contents[page][half == litmus::Half::b ? 1 : 0]
                                             : judge::kUnreadable;
  }
  [[nodiscard]] PageInfo page_info(model::ProcessId process, model::PageNo page) const {
    const SharedState::Process& of = shared_.processes[process];
    return of.state == ProcessState::running ? of.pages[page] : PageInfo{};
  }

  // Ends all processes but this one. Transfers that wait for us have to fail: who waits for one
  // cannot be killed.
  void kill_all() {
    // In this namespace there are the test's processes alone, and this is the first of them.
    if (getpid() != 1) abort();
    for (std::size_t i = 0; i < test_.reference_uses.size(); ++i) {
      test_.fuse[i].over = true;
      test_.fuse[i].changed.wake_all();
    }
    kill(-1, SIGKILL);
    while (waitpid(-1, nullptr, 0) >= 0 || errno == EINTR) {
    }
    for (std::size_t i = 0; i < test_.reference_uses.size(); ++i) {
      test_.fuse[i].state = FuseFile::State::idle;
      test_.fuse[i].over = false;
    }
  }

  CompiledTest& test_;
  SharedState& shared_;
  const Effort& effort_;
  std::vector<std::unique_ptr<FuseServer>> servers_;
};

std::uint64_t Sandbox::answer(const judge::Quantity& q) const {
  using litmus::AtomKind;
  switch (q.atom->kind) {
    case AtomKind::reg:
      return shared_.registers[q.reg];
    case AtomKind::content:
      return content(q.process, q.page, q.atom->place.half);
    case AtomKind::mapped:
      return content(q.process, q.page, litmus::Half::a) != judge::kUnreadable ? 1 : 0;
    case AtomKind::coherent:
      return coherent(shared_.references[q.reference]) ? 1 : 0;
    case AtomKind::same: {
      const PageInfo one = page_info(q.process, q.page);
      const PageInfo other = page_info(q.other_process, q.other);
      if (one.swapped() || other.swapped())
        shared_.fail(q.text + ": what lies in swap shows no frame to compare");
      return one.frame() != 0 && one.frame() == other.frame() && !one.is(kFlagZeroPage) ? 1 : 0;
    }
    case AtomKind::exclusive:
      if (page_info(q.process, q.page).swapped())
        shared_.fail(q.text + ": what lies in swap shows no mark");
      return page_info(q.process, q.page).flags >> kFlagExclusive & 1;
    case AtomKind::protected_:
      return page_info(q.process, q.page).write_protected() ? 1 : 0;
    case AtomKind::softdirty:  // compile() skips where soft-dirty is not built in
      return page_info(q.process, q.page).soft_dirty() ? 1 : 0;
    case AtomKind::swapped:
      return page_info(q.process, q.page).swapped() ? 1 : 0;
    case AtomKind::killed:
      return shared_.processes[q.process].state == ProcessState::killed ? 1 : 0;
    case AtomKind::copies: {
      std::uint64_t sum = 0;
      for (model::PageNo i = 0; i < q.pages; ++i) sum += shared_.copies[q.page + i];
      return sum;
    }
    case AtomKind::pinned:
      break;  // compile() refuses such a test.
  }
  return 0;
}

// The page behind it is the one that its owner has there, or its owner has none there any more.
bool Sandbox::coherent(const SharedState::Reference& reference) const {
  const SharedState::Process& owner = shared_.processes[reference.process];
  if (!reference.taken || owner.state != ProcessState::running) return true;
  const PageInfo& there = owner.pages[reference.page];
  if (there.swapped()) return owner.frame_after_swap_in[reference.page] == reference.frame;
  return !there.present() || there.frame() == reference.frame;
}

}  // namespace

void run_in_sandbox(CompiledTest& compiled, SharedState& shared, const Effort& effort,
                    const std::string& folder) {
  Sandbox here(compiled, shared, effort);
  here.set_up(folder);
  here.run_all();
  _exit(0);
}

}  // namespace lab::kernel
