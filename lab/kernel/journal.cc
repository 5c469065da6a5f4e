#include "lab/kernel/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace lab::kernel {
namespace {

// An error, or empty.
std::string undo(const Journal::Change& change) {
  const char* path = change.path.c_str();
  switch (change.kind) {
    case Journal::Kind::setting: {
      std::ofstream file(change.path);
      file << change.value << std::flush;
      if (!file) return fmt::format("cannot write \"{}\" to {}", change.value, change.path);
      return {};
    }
    case Journal::Kind::swap_file:
      // EINVAL: no swap there any more, or not yet.
      if (swapoff(path) != 0 && errno != EINVAL && errno != ENOENT)
        return fmt::format("swapoff {}: {}", path, std::strerror(errno));
      if (unlink(path) != 0 && errno != ENOENT)
        return fmt::format("unlink {}: {}", path, std::strerror(errno));
      return {};
    case Journal::Kind::folder:
      // Who was killed may not have left it yet.
      for (int i = 0; i < 20 && rmdir(path) != 0 && errno == EBUSY; ++i) usleep(50'000);
      if (rmdir(path) != 0 && errno != ENOENT)
        return fmt::format("rmdir {}: {}", path, std::strerror(errno));
      return {};
  }
  return fmt::format("the journal says something unknown of {}", path);
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
  // Children of a run that was killed may have the lock for a moment longer.
  bool locked = false;
  for (int i = 0; i < 20 && !(locked = flock(lock, LOCK_EX | LOCK_NB) == 0); ++i) usleep(50'000);
  if (!locked) {
    close(lock);
    return tl::unexpected(fmt::format(
        "another run has {}/lock; wait for it to end: two would change the same settings", folder));
  }
  Journal journal(folder + "/journal", lock);
  journal.read();
  for (auto change = journal.changes_.rbegin(); change != journal.changes_.rend(); ++change)
    journal.found_.push_back(describe(*change));
  const std::vector<std::string> stuck = journal.put_back();
  if (!stuck.empty())
    return tl::unexpected(fmt::format(
        "an earlier run was cut off, and {} of its changes cannot be put back: {}; see {}",
        stuck.size(), stuck.front(), journal.path_));
  return journal;
}

Journal::Journal(Journal&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      changes_(std::move(other.changes_)),
      found_(std::move(other.found_)) {
  other.changes_.clear();
}

Journal::~Journal() {
  if (lock_ < 0) return;
  put_back();
  close(lock_);
}

tl::expected<void, std::string> Journal::note(Change change) {
  changes_.push_back(std::move(change));
  auto written = write();
  if (!written) changes_.pop_back();
  return written;
}

// A new file that takes the old one's name: a journal is never half written.
tl::expected<void, std::string> Journal::write() const {
  const std::string next = path_ + ".next";
  const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::string text;
  for (const Change& change : changes_)
    text += fmt::format("{}\t{}\t{}\n", static_cast<char>(change.kind), change.path, change.value);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(file) == 0;
  const int error = errno;
  if (file >= 0) close(file);
  if (!written || rename(next.c_str(), path_.c_str()) != 0)
    return tl::unexpected(
        fmt::format("cannot write {}: {}", path_, std::strerror(written ? errno : error)));
  return {};
}

void Journal::read() {
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    if (first != 1 || second == std::string::npos) continue;
    changes_.push_back(
        {static_cast<Kind>(line[0]), line.substr(2, second - 2), line.substr(second + 1)});
  }
}

std::vector<std::string> Journal::put_back() {
  std::vector<std::string> stuck;
  std::vector<Change> left;
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    std::string error = undo(*change);
    if (error.empty()) continue;
    stuck.push_back(std::move(error));
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
