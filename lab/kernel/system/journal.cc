#include "lab/kernel/system/journal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/format.h>

namespace lab::kernel {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// A control group is empty when its processes, which were killed, have ended.
void await_end_of_all_in(const std::string& group) {
  std::ifstream processes(group + "/cgroup.procs");
  for (pid_t pid = 0; processes >> pid;) {
    const int file = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    pollfd of{file, POLLIN, 0};
    if (file >= 0) poll(&of, 1, 1000);
    if (file >= 0) close(file);
  }
}

// Whether there was anything to undo; or why it cannot be undone.
using Undone = tl::expected<bool, std::string>;

Undone failed(const char* call, const std::string& path) {
  return tl::unexpected(fmt::format("{} {}: {}", call, path, std::strerror(errno)));
}

Undone undo_setting(const Journal::Change& change) {
  const std::string now = first_line(change.path);
  if (!change.ours.empty() && (now != change.ours || now == change.value)) return false;
  std::ofstream file(change.path);
  file << change.value << std::flush;
  if (!file)
    return tl::unexpected(fmt::format("cannot write \"{}\" to {}", change.value, change.path));
  return true;
}

Undone undo(const Journal::Change& change) {
  const char* path = change.path.c_str();
  switch (change.kind) {
    case Journal::Kind::setting:
      return undo_setting(change);
    case Journal::Kind::swap_file:
      // EINVAL: no swap there any more, or not yet.
      if (swapoff(path) != 0 && errno != EINVAL && errno != ENOENT) return failed("swapoff", path);
      if (unlink(path) == 0) return true;
      return errno == ENOENT ? Undone(false) : failed("unlink", path);
    case Journal::Kind::folder:
      await_end_of_all_in(change.path);
      if (rmdir(path) == 0) return true;
      return errno == ENOENT ? Undone(false) : failed("rmdir", path);
  }
  return tl::unexpected(fmt::format("the journal says something unknown of {}", path));
}

}  // namespace

std::string describe(const Journal::Change& change) {
  switch (change.kind) {
    case Journal::Kind::setting:
      return fmt::format("{} back to {}", change.path, change.value);
    case Journal::Kind::swap_file:
      return fmt::format("swap on {} off, and the file removed", change.path);
    case Journal::Kind::folder:
      return fmt::format("control group {} removed", change.path);
  }
  return change.path;
}

tl::expected<Journal, std::string> Journal::open(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return tl::unexpected(fmt::format("mkdir {}: {}", folder, std::strerror(errno)));
  const int lock = ::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0)
    return tl::unexpected(fmt::format("open {}/lock: {}", folder, std::strerror(errno)));
  // Children of a run that was killed may have the lock for a moment longer, and so may who puts
  // back what it left: on a busy machine for seconds. A lock cannot be waited for with a limit of
  // time.
  bool locked = false;
  for (int i = 0; i < 100 && !(locked = flock(lock, LOCK_EX | LOCK_NB) == 0); ++i) usleep(50'000);
  if (!locked) {
    close(lock);
    return tl::unexpected(fmt::format(
        "another run has {}/lock; wait for it to end: two would change the same settings", folder));
  }
  Journal journal(folder + "/journal", lock);
  journal.read();
  const std::vector<std::string> stuck = journal.undo_all(journal.found_);
  if (!stuck.empty())
    return tl::unexpected(fmt::format(
        "an earlier run was cut off, and {} of its changes cannot be put back: {}; see {}",
        stuck.size(), stuck.front(), journal.path_));
  return journal;
}

Journal::Journal(Journal&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      guard_(std::exchange(other.guard_, -1)),
      guard_pid_(std::exchange(other.guard_pid_, -1)),
      changes_(std::move(other.changes_)),
      found_(std::move(other.found_)) {
  other.changes_.clear();
}

Journal::~Journal() {
  if (lock_ < 0) return;
  put_back();
  close(lock_);
  dismiss_guard();
}

// No stray signal ends the guard: it is in no group of processes that a terminal stops or a pipe
// ends.
void Journal::set_guard() {
  std::array<int, 2> ends{};
  if (guard_ >= 0 || pipe2(ends.data(), O_CLOEXEC) != 0) return;
  const pid_t pid = fork();
  if (pid == 0) {
    setsid();
    prctl(PR_SET_NAME, "cleave-lab-back");
    // A process that waits, as we do, until no other has a file open must not wait for this one.
    const int nothing = ::open("/dev/null", O_RDWR);
    for (const int file : {STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, file);
    dup2(ends[0], STDIN_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    char dismissed = 0;
    while (::read(STDIN_FILENO, &dismissed, 1) < 0 && errno == EINTR) {
    }
    // The folder's name is the path without "/journal".
    if (dismissed == 0) (void)open(path_.substr(0, path_.rfind('/')));
    _exit(0);
  }
  close(ends[0]);
  if (pid < 0) {
    close(ends[1]);
    return;
  }
  guard_ = ends[1];
  guard_pid_ = pid;
}

void Journal::dismiss_guard() {
  if (guard_ < 0) return;
  const char dismissed = 1;
  (void)!::write(guard_, &dismissed, 1);
  close(guard_);
  waitpid(guard_pid_, nullptr, 0);
  guard_ = -1;
}

tl::expected<void, std::string> Journal::note(Change change) {
  set_guard();
  changes_.push_back(std::move(change));
  auto written = write();
  if (!written) changes_.pop_back();
  return written;
}

// A new file that takes the old one's name: a journal is never half written.
tl::expected<void, std::string> Journal::write() const {
  const std::string next = next_path();
  const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::string text;
  for (const Change& change : changes_)
    text += fmt::format("{}\t{}\t{}\t{}\n", static_cast<char>(change.kind), change.path,
                        change.value, change.ours);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(file) == 0;
  int error = errno;
  if (file >= 0) close(file);
  if (written && rename(next.c_str(), path_.c_str()) == 0) return {};
  if (written) error = errno;
  unlink(next.c_str());
  return tl::unexpected(fmt::format("cannot write {}: {}", path_, std::strerror(error)));
}

// A next journal that never took the name is of a run that was killed before it made the change.
void Journal::read() {
  unlink(next_path().c_str());
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    if (first != 1 || second == std::string::npos) continue;
    const std::size_t third = std::min(line.find('\t', second + 1), line.size());
    changes_.push_back({static_cast<Kind>(line[0]), line.substr(2, second - 2),
                        line.substr(second + 1, third - second - 1),
                        line.substr(std::min(third + 1, line.size()))});
  }
}

std::vector<std::string> Journal::put_back() {
  std::vector<std::string> done;
  return undo_all(done);
}

std::vector<std::string> Journal::undo_all(std::vector<std::string>& done) {
  std::vector<std::string> stuck;
  std::vector<Change> left;
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    const Undone undone = undo(*change);
    if (undone && *undone) done.push_back(describe(*change));
    if (undone) continue;
    stuck.push_back(undone.error());
    left.insert(left.begin(), *change);
  }
  changes_ = std::move(left);
  if (changes_.empty())
    unlink(path_.c_str());
  else
    (void)write();
  return stuck;
}

}  // namespace lab::kernel
