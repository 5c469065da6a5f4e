#include "lab/kernel/stage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
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
#include <new>
#include <vector>

#include "lab/kernel/actor.h"

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

std::string mount_point(const std::string& folder, std::size_t reference) {
  return fmt::format("{}/file-{}", folder, reference);
}

// The first process of the namespace: what it does not kill itself, the kernel does when it ends.
class Stage {
 public:
  Stage(Play& play, Board& board, const Effort& effort)
      : play_(play), board_(board), effort_(effort) {}

  void open(const std::string& folder) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    const bool wants_fuse = std::ranges::any_of(play_.uses, [](const Use& use) {
      return use.means == Means::fuse_read || use.means == Means::fuse_write;
    });
    if (play_.needs.hugetlb && !hold_huge_pages(play_.needs.huge_pages))
      return board_.say("the pool of huge pages changed meanwhile");
    if (play_.needs.split) mount("none", "/sys/kernel/debug", "debugfs", 0, nullptr);
    if (!wants_fuse) return;
    for (std::size_t i = 0; i < play_.uses.size(); ++i) {
      const Means means = play_.uses[i].means;
      if (means != Means::fuse_read && means != Means::fuse_write) continue;
      std::string error;
      servers_.push_back(FuseServer::mount(mount_point(folder, i), play_.fuse[i], error));
      if (servers_.back() == nullptr) return board_.say("FUSE: " + error);
    }
  }

  void perform() {
    const Clock::time_point end = Clock::now() + effort_.time;
    while (!board_.stop && !board_.troubled() && board_.runs < effort_.runs) {
      run();
      if (board_.hung || Clock::now() >= end) break;
    }
    if (play_.ordered && board_.runs > 0 && !board_.hung && !board_.stop && !board_.troubled())
      run_to_look_at();
  }

 private:
  void run() {
    board_.clear();
    // A test may have turned it off. EBUSY: it did not.
    if (play_.needs.swap && !swap_on(play_.swap_file) && errno != EBUSY)
      return board_.say(fmt::format("swapon {}: {}", play_.swap_file, std::strerror(errno)));
    // A ring goes some time after who made it, and the page that it pins with it.
    const auto pool_is_full = [&] { return free_huge_pages() == play_.needs.huge_pages; };
    if (play_.needs.hugetlb && !board_.gate.wait(pool_is_full, std::chrono::seconds(5)))
      return board_.say("huge pages of the run before did not come back in 5 s");
    const pid_t first = fork();
    if (first == 0) start();
    if (first < 0) return board_.say("fork: no more processes");
    const bool begun = board_.gate.wait(
        [&] { return board_.troubled() || board_.processes[0].life != Life::absent; },
        std::chrono::seconds(20));
    if (!begun) board_.say("a process did not come to its beginning in 20 s");
    if (!board_.troubled()) {
      const bool looked_at = board_.reel.running;
      if (looked_at) shoot(play_, board_, kLines, 0);
      go(Phase::perform);
      const bool ended = ends();
      if (looked_at)
        compare(ended);
      else
        note(ended);
    }
    strike();
  }

  // One run more. Only if it ends as others did does it show what happens when nobody looks.
  void run_to_look_at() {
    board_.reel.running = true;
    run();
    board_.reel.running = false;
  }

  [[noreturn]] void start() {
    for (const auto& server : servers_) server->forget();
    if (!play_.group.empty() &&
        !(std::ofstream(play_.group + "/cgroup.procs") << "0" << std::flush))
      board_.say("a process cannot be put into " + play_.group);
    Actor(play_, board_, board_.runs).begin();
  }

  void go(Phase phase) {
    board_.phase = phase;
    board_.gate.open();
  }

  // Whether all threads come to their end, or to their process'. A process that somebody else killed does not hang.
  bool ends() {
    const auto ended = [&] {
      for (std::size_t i = 0; i < play_.plan.scripts.size(); ++i) {
        const Life life = board_.processes[play_.plan.scripts[i].process].life;
        if (life == Life::running && !board_.lines[i].ended) return false;
      }
      return true;
    };
    std::uint64_t seen = ~std::uint64_t{0};
    while (seen != board_.steps) {
      seen = board_.steps;
      if (board_.gate.wait(ended, effort_.patience)) return true;
    }
    for (std::size_t i = 0; i < play_.plan.processes.size(); ++i)
      if (board_.processes[i].life == Life::running &&
          has_ended(board_.processes[i].pid, milliseconds(0)))
        board_.say(fmt::format("{} was killed, and not by the test", play_.plan.processes[i]));
    return false;
  }

  // What the processes see now: page tables first, since reading changes them.
  bool look() {
    await_ends();
    for (const Phase phase : {Phase::look, Phase::read}) {
      go(phase);
      const bool answered = board_.gate.wait(
          [&] {
            return std::ranges::all_of(board_.processes, [&](const Board::Process& process) {
              return process.life != Life::running || process.answered >= phase;
            });
          },
          std::chrono::seconds(10));
      if (!answered) board_.say("a process did not tell what it sees within 10 s");
    }
    return !board_.troubled();
  }

  void await_ends() {
    for (std::size_t i = 0; i < play_.plan.processes.size(); ++i)
      if (board_.processes[i].life > Life::running) await_end(board_.processes[i].pid);
  }

  static void await_end(pid_t pid) { (void)has_ended(pid, milliseconds(1000)); }

  void note(bool ended) {
    if (board_.troubled()) return;
    if (!ended) board_.hung = true;
    if (ended && !look()) return;
    ++board_.runs;
    if (board_.hung) return;
    const Answers answers = ask();
    if (board_.troubled()) return;
    auto* const end = board_.ends.data() + board_.end_count;
    const std::uint64_t refused = board_.refused;
    auto* const found = std::find_if(board_.ends.data(), end, [&](const Board::End& e) {
      return e.answers == answers && e.refused == refused;
    });
    if (found == board_.ends.data() + board_.ends.size()) {
      const std::vector<std::uint64_t> all(answers.begin(), answers.end());
      ++board_.more[judge::holds(play_.plan.test->final.condition, play_.plan, all) ? 1 : 0];
      return;
    }
    if (found == end) {
      *end = {answers, refused, 0};
      ++board_.end_count;
    }
    ++found->count;
  }

  void compare(bool ended) {
    if (!ended || board_.troubled()) return;
    await_ends();
    shoot(play_, board_, kLines, 0);
    if (!look()) return;
    const Answers answers = ask();
    if (board_.troubled()) return;
    for (std::uint32_t i = 0; i < board_.end_count; ++i)
      if (board_.ends[i].answers == answers && board_.ends[i].refused == board_.refused &&
          !board_.reel.spoilt) {
        board_.reel.end = i;
        board_.reel.complete = true;
      }
  }

  using Answers = std::array<std::uint64_t, kQuantities>;
  [[nodiscard]] Answers ask() const {
    Answers answers{};
    for (std::size_t i = 0; i < play_.plan.quantities.size(); ++i)
      answers[i] = ask(play_.plan.quantities[i]);
    return answers;
  }
  [[nodiscard]] std::uint64_t ask(const judge::Quantity& quantity) const;
  [[nodiscard]] bool coherent(const Board::Reference& reference) const;
  [[nodiscard]] std::uint64_t content(model::ProcessId process, model::PageNo page,
                                      litmus::Half half) const {
    const Board::Process& of = board_.processes[process];
    return of.life == Life::running ? of.contents[page][half == litmus::Half::b ? 1 : 0]
                                    : judge::kUnreadable;
  }
  [[nodiscard]] Sight sight(model::ProcessId process, model::PageNo page) const {
    const Board::Process& of = board_.processes[process];
    return of.life == Life::running ? of.sights[page] : Sight{};
  }

  // Ends all processes but this one. Transfers that wait for us have to fail: who waits for one cannot be killed.
  void strike() {
    // In this namespace there is nobody but the test's processes, and this is the first of them.
    if (getpid() != 1) abort();
    for (std::size_t i = 0; i < play_.uses.size(); ++i) {
      play_.fuse[i].over = true;
      play_.fuse[i].gate.open();
    }
    kill(-1, SIGKILL);
    while (waitpid(-1, nullptr, 0) >= 0 || errno == EINTR) {
    }
    for (std::size_t i = 0; i < play_.uses.size(); ++i) {
      play_.fuse[i].state = FuseFile::State::idle;
      play_.fuse[i].over = false;
    }
  }

  Play& play_;
  Board& board_;
  const Effort& effort_;
  std::vector<std::unique_ptr<FuseServer>> servers_;
};

std::uint64_t Stage::ask(const judge::Quantity& q) const {
  using litmus::AtomKind;
  switch (q.atom->kind) {
    case AtomKind::reg:
      return board_.registers[q.reg];
    case AtomKind::content:
      return content(q.process, q.page, q.atom->place.half);
    case AtomKind::mapped:
      return content(q.process, q.page, litmus::Half::a) != judge::kUnreadable ? 1 : 0;
    case AtomKind::coherent:
      return coherent(board_.references[q.reference]) ? 1 : 0;
    case AtomKind::same: {
      const Sight one = sight(q.process, q.page);
      const Sight other = sight(q.other_process, q.other);
      if (one.swapped() || other.swapped())
        board_.say(q.text + ": what lies in swap shows no frame to compare");
      return one.frame() != 0 && one.frame() == other.frame() && !one.is(kFlagZeroPage) ? 1 : 0;
    }
    case AtomKind::exclusive:
      if (sight(q.process, q.page).swapped())
        board_.say(q.text + ": what lies in swap shows no mark");
      return sight(q.process, q.page).flags >> kFlagExclusive & 1;
    case AtomKind::swapped:
      return sight(q.process, q.page).swapped() ? 1 : 0;
    case AtomKind::killed:
      return board_.processes[q.process].life == Life::killed ? 1 : 0;
    case AtomKind::copies: {
      std::uint64_t sum = 0;
      for (model::PageNo i = 0; i < q.pages; ++i) sum += board_.copies[q.page + i];
      return sum;
    }
    case AtomKind::pinned:
      break;  // Nobody is asked that: see play_of().
  }
  return 0;
}

// The page behind it is the one that its owner has there, or its owner has none there any more.
bool Stage::coherent(const Board::Reference& reference) const {
  const Board::Process& owner = board_.processes[reference.process];
  if (!reference.taken || owner.life != Life::running) return true;
  const Sight& there = owner.sights[reference.page];
  if (there.swapped()) return owner.back[reference.page] == reference.frame;
  return !there.present() || there.frame() == reference.frame;
}

// Dies with its parent. What a terminal tells its processes, to stop for one, is for the parent alone.
void follow(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  if (getppid() != parent) _exit(1);
}

// Between the judge and the stage: a process can give a PID namespace to its children only.
[[noreturn]] void keep_stage(Play& play, Board& board, const Effort& effort,
                             const std::string& folder) {
  const int parent = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));  // of the stage
  // The judge decides about interruptions.
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) std::signal(signal, SIG_IGN);
  if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
      mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    board.say(fmt::format("namespaces: {}", std::strerror(errno)));
    _exit(1);
  }
  const pid_t stage = fork();
  if (stage == 0) {
    // Its parent has no number here, so that there is nobody to compare it with.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getpid() != 1 || has_ended_by(parent, milliseconds(0))) _exit(1);
    Stage here(play, board, effort);
    here.open(folder);
    here.perform();
    _exit(0);
  }
  int status = 1;
  if (stage > 0) waitpid(stage, &status, 0);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

bool ends_before(pid_t pid, Clock::time_point latest, const std::function<void()>& tick) {
  constexpr milliseconds kTick{200};
  const int file = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  bool ended = false;
  while (!ended && Clock::now() < latest) {
    ended = has_ended_by(file, kTick);
    if (!ended && tick) tick();
  }
  if (file >= 0) close(file);
  return ended;
}

struct UnmapFiles {
  std::size_t count;
  void operator()(FuseFile* files) const { munmap(files, count * sizeof(FuseFile)); }
};

}  // namespace

tl::expected<void, std::string> play(Play& play, Board& board, const Effort& effort,
                                     const std::string& folder) {
  const std::size_t count = play.uses.size() + 1;
  void* memory = mmap(nullptr, count * sizeof(FuseFile), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return tl::unexpected(std::string("no memory for the stage"));
  const std::unique_ptr<FuseFile, UnmapFiles> files(new (memory) FuseFile[count], {count});
  play.fuse = files.get();

  const pid_t self = getpid();
  const pid_t keeper = fork();
  if (keeper == 0) {
    follow(self);
    keep_stage(play, board, effort, folder);
  }
  if (keeper < 0) return tl::unexpected(fmt::format("fork: {}", std::strerror(errno)));
  // The stage watches the test's processes, and this the stage. A run that hangs takes its patience twice: once more after
  // the last step that it saw.
  const Clock::time_point latest =
      Clock::now() + effort.time + 2 * effort.patience + std::chrono::seconds(60);
  const bool late = !ends_before(keeper, latest, effort.tick);
  if (late) kill(keeper, SIGKILL);
  int status = 0;
  while (waitpid(keeper, &status, 0) < 0 && errno == EINTR) {
  }
  for (std::size_t i = 0; i < play.uses.size(); ++i) unlink(mount_point(folder, i).c_str());
  if (board.troubled()) return tl::unexpected(std::string(board.trouble.data()));
  if (late) return tl::unexpected(std::string("the stage did not end in time, and was killed"));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return tl::unexpected(std::string("the stage fell: its first process ended unexpectedly"));
  return {};
}

}  // namespace lab::kernel
