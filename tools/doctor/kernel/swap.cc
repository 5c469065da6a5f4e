#include "tools/doctor/kernel/swap.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "tools/doctor/kernel/system.h"

namespace cleave::doctor {
namespace {

bool is_in_memory(int descriptor) {
  struct statfs found {};
  return fstatfs(descriptor, &found) == 0 &&
         (found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC);
}

// Some file systems take the flag, and refuse each transfer.
bool is_direct(int descriptor) {
  alignas(4096) static std::array<char, 4096> page;
  const int flags = fcntl(descriptor, F_GETFL);
  return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_DIRECT) == 0 &&
         pwrite(descriptor, page.data(), page.size(), 0) == 4096 &&
         pread(descriptor, page.data(), page.size(), 0) == 4096;
}

}  // namespace

Finding look_at_swap_folder() {
  const char* chosen = std::getenv("TMPDIR");
  const std::string folder = chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";
  const std::string name = "swap files in " + folder;
  Descriptor file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file.is_open() && access(folder.c_str(), W_OK) != 0) {
    return {name, Standing::missing, error_text(errno),
            "Swap files need a folder that may be written to: set TMPDIR, or "
            "SwapFileOptions::directory.",
            false};
  }
  if (!file.is_open()) {
    return {name,
            Standing::limited,
            "no O_TMPFILE: a kill in the middle of making one leaves an empty file",
            {},
            true};
  }
  if (is_in_memory(file.number())) {
    return {name, Standing::limited, "they would be in memory",
            "Have TMPDIR, or SwapFileOptions::directory, name a folder on a disk for swap files.",
            true};
  }
  if (!is_direct(file.number())) {
    return {name, Standing::limited, "no O_DIRECT: pages go through the page cache",
            "For swap files, let TMPDIR name a folder on a file system with O_DIRECT (ext4, XFS).",
            true};
  }
  return {name, Standing::ok, "O_TMPFILE, O_DIRECT", {}, true};
}

}  // namespace cleave::doctor
