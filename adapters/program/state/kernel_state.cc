#include "adapters/program/state/kernel_state.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "adapters/program/kernel/raw.h"
#include "adapters/program/own/descriptors.h"
#include "adapters/program/own/open_descriptors.h"

namespace cleave::program {
namespace {

constexpr std::size_t kMaskBytes = 8;

std::string link_of(int number) {
  const std::string path = "/proc/self/fd/" + std::to_string(number);
  std::string to(PATH_MAX, '\0');
  const ssize_t length = readlink(path.c_str(), to.data(), to.size());
  to.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return to;
}

bool is_same_file(int a, int b) {
  const long self = raw::call(SYS_getpid);
  return raw::call(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

Descriptor described(int number, const Descriptor* before) {
  Descriptor d{};
  d.number = number;
  d.what = link_of(number);
  d.flags = fcntl(number, F_GETFD);
  struct stat about {};
  if (fstat(number, &about) != 0 || !S_ISREG(about.st_mode)) return d;
  d.offset = lseek(number, 0, SEEK_CUR);
  d.size = about.st_size;
  d.changed = about.st_mtim;
  if (before != nullptr && before->kept != nullptr &&
      is_same_file(number, before->kept->descriptor())) {
    d.kept = before->kept;
  } else if (const int high = fcntl(number, F_DUPFD_CLOEXEC, first_own_descriptor()); high >= 0) {
    note_own_descriptor(high);
    d.kept = std::make_shared<const KeptFile>(high);
  }
  return d;
}

const Descriptor* find(const std::vector<Descriptor>& all, int number) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& d) { return d.number == number; });
  return found == all.end() ? nullptr : &*found;
}

std::string called(const Descriptor& d) {
  return "descriptor " + std::to_string(d.number) + " (" + d.what + ")";
}

/// Nothing that a program reads: a terminal's state is that of its line editor.
std::optional<termios> terminal_now() {
  termios now{};
  if (tcgetattr(STDIN_FILENO, &now) != 0) return std::nullopt;
  return now;
}

void restore_file(const Descriptor& d, bool is_open, Told& told) {
  const int kept = d.kept->descriptor();
  if (!is_open || !is_same_file(kept, d.number)) {
    if (dup3(kept, d.number, (d.flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0) < 0) {
      told.push_back(called(d) + " could not be opened again");
      return;
    }
  }
  (void)lseek(d.number, d.offset, SEEK_SET);
  struct stat about {};
  if (fstat(d.number, &about) != 0) return;
  if (about.st_size != d.size || about.st_mtim.tv_sec != d.changed.tv_sec ||
      about.st_mtim.tv_nsec != d.changed.tv_nsec) {
    told.push_back(d.what + " was written since the commit; what it holds stays");
  }
}

}  // namespace

KeptFile::~KeptFile() {
  forget_own_descriptor(descriptor_);
  (void)close(descriptor_);
}

KernelState KernelState::now(const KernelState* before) {
  KernelState state;
  for (int signal = 1; signal <= kSignals; ++signal) {
    (void)raw::call(SYS_rt_sigaction, signal, 0,
                    raw::as_word(&state.actions_[static_cast<std::size_t>(signal - 1)]),
                    kMaskBytes);
  }
  for (int timer = 0; timer < kTimers; ++timer) {
    (void)raw::call(SYS_getitimer, timer,
                    raw::as_word(&state.timers_[static_cast<std::size_t>(timer)]));
  }
  for (const int number : open_descriptors()) {
    if (is_own_descriptor(number)) continue;
    state.descriptors_.push_back(
        described(number, before == nullptr ? nullptr : find(before->descriptors_, number)));
  }
  state.folder_.resize(PATH_MAX);
  if (getcwd(state.folder_.data(), state.folder_.size()) == nullptr) state.folder_.front() = '\0';
  state.folder_.resize(std::char_traits<char>::length(state.folder_.c_str()));
  state.mask_ = umask(0);
  (void)umask(state.mask_);
  state.terminal_ = terminal_now();
  return state;
}

void KernelState::restore(Told& told) const {
  for (int signal = 1; signal <= kSignals; ++signal) {
    const Action& wanted = actions_[static_cast<std::size_t>(signal - 1)];
    Action is{};
    (void)raw::call(SYS_rt_sigaction, signal, 0, raw::as_word(&is), kMaskBytes);
    if (is != wanted) {
      (void)raw::call(SYS_rt_sigaction, signal, raw::as_word(&wanted), 0, kMaskBytes);
    }
  }
  for (int timer = 0; timer < kTimers; ++timer) {
    const itimerval& wanted = timers_[static_cast<std::size_t>(timer)];
    itimerval is{};
    (void)raw::call(SYS_getitimer, timer, raw::as_word(&is));
    const auto runs = [](const itimerval& t) {
      return t.it_value.tv_sec != 0 || t.it_value.tv_usec != 0;
    };
    if (runs(wanted) || runs(is)) {
      (void)raw::call(SYS_setitimer, timer, raw::as_word(&wanted), 0);
    }
  }
  restore_descriptors(told);
  if (!folder_.empty() && chdir(folder_.c_str()) != 0) {
    told.push_back("the folder " + folder_ + " is gone");
  }
  (void)umask(mask_);
  if (terminal_) (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &*terminal_);
}

void KernelState::restore_descriptors(Told& told) const {
  const std::vector<int> open = open_descriptors();
  for (const int number : open) {
    if (is_own_descriptor(number) || find(descriptors_, number) != nullptr) continue;
    const Descriptor since = described(number, nullptr);
    if (since.kept == nullptr) {
      told.push_back(called(since) + " was opened since the commit; it stays open");
    } else {
      (void)close(number);
    }
  }
  for (const Descriptor& d : descriptors_) {
    const bool is_open = std::find(open.begin(), open.end(), d.number) != open.end();
    if (d.kept != nullptr) {
      restore_file(d, is_open, told);
    } else if (!is_open) {
      told.push_back(called(d) + " was closed since the commit; it stays closed");
    } else if (link_of(d.number) != d.what) {
      told.push_back(called(d) + " is another one now");
    }
  }
}

}  // namespace cleave::program
