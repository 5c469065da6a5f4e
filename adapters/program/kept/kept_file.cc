#include "adapters/program/kept/kept_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

#include "adapters/program/kernel/text_of.h"
#include "adapters/program/own/descriptors.h"
#include "adapters/program/own/open_descriptors.h"

namespace cleave::program {
namespace {

// Kept by no commit any more, and still open. Null: there were none yet.
constinit std::vector<int>* lingering = nullptr;

/// As in "lock:\t1: POSIX  ADVISORY  WRITE 4711 00:1a:4242 0 EOF"; the number is the file's.
bool names_lock_on(const std::string& fdinfo, ino_t file) {
  const std::string inode = std::string(":").append(std::to_string(file)).append(" ");
  for (std::size_t at = 0; at < fdinfo.size();) {
    const std::size_t end = std::min(fdinfo.find('\n', at), fdinfo.size());
    const std::string line = fdinfo.substr(at, end - at);
    if (line.starts_with("lock:") && line.find(" POSIX ") != std::string::npos &&
        line.find(inode) != std::string::npos) {
      return true;
    }
    at = end + 1;
  }
  return false;
}

/// Looks through all descriptors.
bool has_lock_in_proc(int number) {
  struct stat about {};
  const auto open = open_descriptors();
  if (!open || fstat(number, &about) != 0) return true;
  for (const int other : *open) {
    const auto text = text_of(("/proc/self/fdinfo/" + std::to_string(other)).c_str());
    if (!text || names_lock_on(*text, about.st_ino)) return true;
  }
  return false;
}

enum class Locks : unsigned char { none, own, unknown };

/// Those of which the kernel asks somebody else, who need not tell a lock of an open file from one
/// of its process.
bool asks_others(int number) noexcept {
  constexpr std::array<std::uint32_t, 3> kSuch{0xFF534D42, 0xFE534D42, 0x65735546};  // SMB, FUSE
  struct statfs about {};
  if (fstatfs(number, &about) != 0) return true;
  return std::find(kSuch.begin(), kSuch.end(), static_cast<std::uint32_t>(about.f_type)) !=
         kSuch.end();
}

/// A lock of an open file conflicts with those of the process itself: the kernel names one lock
/// that conflicts, if any does. Takes no descriptor. Where it is not this process's, there may be
/// others.
Locks locks_on(int number) noexcept {
  if (asks_others(number)) return Locks::unknown;
  struct flock probe {};
  probe.l_type = F_WRLCK;
  probe.l_whence = SEEK_SET;
  if (fcntl(number, F_OFD_GETLK, &probe) != 0) return Locks::unknown;
  if (probe.l_type == F_UNLCK) return Locks::none;
  return probe.l_pid == getpid() ? Locks::own : Locks::unknown;
}

/// Also where it cannot be known.
bool may_be_locked(int number) noexcept {
  const Locks locks = locks_on(number);
  if (locks != Locks::unknown) return locks == Locks::own;
  try {
    return has_lock_in_proc(number);
  } catch (const std::bad_alloc&) {
    return true;
  }
}

void close_own(int number) {
  forget_own_descriptor(number);
  (void)close(number);
}

void leave_open(int number) noexcept {
  try {
    if (lingering == nullptr) lingering = new std::vector<int>;
    lingering->push_back(number);
  } catch (const std::bad_alloc&) {  // for good
  }
}

}  // namespace

std::shared_ptr<const KeptFile> KeptFile::of(int number) {
  auto kept = std::make_shared<KeptFile>();
  kept->descriptor_ = duplicate_as_own(number);
  return kept->descriptor_ < 0 ? nullptr : kept;
}

KeptFile::~KeptFile() {
  if (descriptor_ < 0) return;
  if (may_be_locked(descriptor_)) {
    leave_open(descriptor_);
  } else {
    close_own(descriptor_);
  }
}

void KeptFile::close_unlocked() noexcept {
  if (lingering == nullptr) return;
  std::erase_if(*lingering, [](int number) {
    if (may_be_locked(number)) return false;
    close_own(number);
    return true;
  });
}

}  // namespace cleave::program
