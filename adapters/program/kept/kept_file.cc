#include "adapters/program/kept/kept_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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

bool is_locked(int number) {
  struct stat about {};
  const auto open = open_descriptors();
  if (!open || fstat(number, &about) != 0) return true;
  for (const int other : *open) {
    const auto text = text_of(("/proc/self/fdinfo/" + std::to_string(other)).c_str());
    if (!text || names_lock_on(*text, about.st_ino)) return true;
  }
  return false;
}

/// Also where it cannot be known.
bool may_be_locked(int number) noexcept {
  try {
    return is_locked(number);
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
