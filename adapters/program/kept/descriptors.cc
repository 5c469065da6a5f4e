#include "adapters/program/kept/descriptors.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "adapters/program/kernel/raw.h"
#include "adapters/program/kernel/text_of.h"

namespace cleave::program {
namespace {

bool is_same_file(int a, int b) {
  const long self = raw::call(SYS_getpid);
  return raw::call(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

// What goes back by itself, and what only says where the file lies, are left out.
std::string known_of(int number) {
  const std::string path = "/proc/self/fdinfo/" + std::to_string(number);
  const std::string text = text_of(path.c_str()).value_or("");
  std::string known;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const bool is_elsewhere = line.starts_with("pos:") || line.starts_with("flags:") ||
                              line.starts_with("mnt_id:") || line.starts_with("ino:");
    if (!is_elsewhere) known += line + "\n";
    at = end + 1;
  }
  return known;
}

bool has_offset(mode_t mode) { return S_ISREG(mode) || S_ISDIR(mode) || S_ISBLK(mode); }

Descriptor described(int number) {
  Descriptor d{};
  d.number = number;
  d.flags = fcntl(number, F_GETFD);
  d.status = fcntl(number, F_GETFL);
  d.known = known_of(number);
  return d;
}

/// False: no descriptor is left to keep it by.
bool keep(Descriptor& d, const Descriptor* before) {
  struct stat about {};
  if (fstat(d.number, &about) != 0 || !has_offset(about.st_mode)) return true;
  d.offset = lseek(d.number, 0, SEEK_CUR);
  d.size = about.st_size;
  d.changed = about.st_mtim;
  const bool is_kept = before != nullptr && before->kept != nullptr &&
                       is_same_file(d.number, before->kept->descriptor());
  d.kept = is_kept ? before->kept : KeptFile::of(d.number);
  return d.kept != nullptr;
}

bool has_both_ends(const Descriptor& pipe, const std::vector<Descriptor>& all) {
  return pipe.what.starts_with("pipe:") &&
         std::any_of(all.begin(), all.end(), [&](const Descriptor& other) {
           return other.what == pipe.what && (other.status & O_ACCMODE) != O_RDONLY;
         });
}

int waiting_in(int number) {
  int bytes = 0;
  return ioctl(number, FIONREAD, &bytes) == 0 ? bytes : 0;
}

std::string called(int number, const std::string& what) {
  return "descriptor " + std::to_string(number) + " (" + what + ")";
}
std::string called(const Descriptor& d) { return called(d.number, d.what); }

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

void restore_flags(const Descriptor& d, Told& told) {
  const Descriptor now = described(d.number);
  if (now.flags != d.flags) (void)fcntl(d.number, F_SETFD, d.flags);
  if (now.status != d.status && fcntl(d.number, F_SETFL, d.status) != 0) {
    told.push_back(called(d) + " has other flags than it had; they stay");
  }
  if (now.known != d.known) {
    told.push_back(called(d) + " is not in the state that it had; it stays as it is");
  }
  if (d.waiting >= 0 && waiting_in(d.number) != d.waiting) {
    told.push_back(called(d) + " held " + std::to_string(d.waiting) +
                   (d.waiting == 1 ? " byte" : " bytes") + " and holds " +
                   std::to_string(waiting_in(d.number)) + "; they stay");
  }
}

}  // namespace

const Descriptor* Descriptors::find(int number) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const auto& d) { return d.number == number; });
  return found == all_.end() ? nullptr : &*found;
}

tl::expected<Descriptors, std::string> Descriptors::now(const std::vector<OpenDescriptor>& open,
                                                        const Descriptors* before) {
  KeptFile::close_unlocked();
  Descriptors made;
  for (const auto& [number, what] : open) {
    Descriptor d = described(number);
    d.what = what;
    if (!keep(d, before == nullptr ? nullptr : before->find(number))) {
      return tl::unexpected(called(d) +
                            " cannot be kept: no descriptor is left under RLIMIT_NOFILE");
    }
    made.all_.push_back(std::move(d));
  }
  for (Descriptor& d : made.all_) {
    const bool is_read = (d.status & O_ACCMODE) == O_RDONLY;
    d.waiting = is_read && has_both_ends(d, made.all_) ? waiting_in(d.number) : -1;
  }
  return made;
}

void Descriptors::close_others(const std::vector<OpenDescriptor>& open, Told& told) const {
  for (const auto& [number, what] : open) {
    if (find(number) != nullptr) continue;
    struct stat about {};
    if (fstat(number, &about) == 0 && has_offset(about.st_mode)) {
      (void)close(number);
    } else {
      told.push_back(called(number, what) + " was opened since the commit; it stays open");
    }
  }
}

void Descriptors::restore(const std::vector<OpenDescriptor>& open, Told& told) const {
  close_others(open, told);
  for (const Descriptor& d : all_) {
    const auto now = std::find_if(open.begin(), open.end(),
                                  [&](const auto& other) { return other.number == d.number; });
    const bool is_open = now != open.end();
    if (d.kept == nullptr && !is_open) {
      told.push_back(called(d) + " was closed since the commit; it stays closed");
      continue;
    }
    if (d.kept == nullptr && now->what != d.what) {
      told.push_back(called(d) + " is another one now");
      continue;
    }
    if (d.kept != nullptr) restore_file(d, is_open, told);
    restore_flags(d, told);
  }
}

}  // namespace cleave::program
