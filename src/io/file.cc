#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <cleave/file.h>

#include "base/fail.h"
#include "base/own_file.h"
#include "base/uncancelled.h"

namespace cleave {
using namespace detail;
namespace {

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::write:
      return O_WRONLY | O_CREAT;
    case OpenMode::update:
      return O_RDWR | O_CREAT;
    case OpenMode::replace:
      return O_WRONLY | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

tl::unexpected<Error> cannot_open(int error) {
  const char* what = "the file cannot be opened";
  if (error == EMFILE) {
    what =
        "no file descriptor is left under RLIMIT_NOFILE (ulimit -n) to open the file; close some, "
        "or raise the limit";
  } else if (error == ENFILE) {
    what = "the machine's table of files is full (sysctl fs.file-max); close some";
  }
  return fail(Errc::io, what, {}, error);
}

int open_again_if_interrupted(const char* path, int flags) {
  const Uncancelled here;
  int descriptor;
  do {
    descriptor = above_standard_streams(open(path, flags | O_CLOEXEC, 0666));
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  const File old(std::exchange(descriptor_, std::exchange(other.descriptor_, -1)));
  return *this;
}

File::~File() {
  const Uncancelled here;
  if (descriptor_ >= 0) (void)close(descriptor_);
}

bool File::is_direct() const noexcept {
  const int flags = fcntl(descriptor_, F_GETFL);
  return flags >= 0 && (flags & O_DIRECT) != 0;
}

Result<File> open_file(const char* path, OpenMode mode, PageCache cache) {
  const int flags = flags_of(mode);
  int descriptor = -1;
  if (cache == PageCache::bypass) {
    descriptor = open_again_if_interrupted(path, flags | O_DIRECT);
    // EINVAL is how a file system without O_DIRECT refuses it; anything else, it would refuse us
    // anyway.
    if (descriptor < 0 && errno != EINVAL) return cannot_open(errno);
  }
  if (descriptor < 0) descriptor = open_again_if_interrupted(path, flags);
  if (descriptor < 0) return cannot_open(errno);
  return File(descriptor);
}

}  // namespace cleave
