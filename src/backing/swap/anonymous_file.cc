#include "backing/swap/anonymous_file.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <cleave/units.h>

#include "base/fail.h"
#include "base/file_limit.h"
#include "base/own_file.h"
#include "base/uncancelled.h"

namespace cleave::detail::backing {
namespace {

constexpr const char* kNoRoom =
    "the disk has no room for a swap file of that size: make a smaller one, or choose another "
    "directory (SwapFileOptions::directory)";

template <class Call>
auto until_not_interrupted(Call call) {
  auto done = call();
  while (done < 0 && errno == EINTR) done = call();
  return done;
}

tl::unexpected<Error> cannot_make(int error) {
  switch (error) {
    case EMFILE:
      return fail(Errc::no_memory,
                  "no file descriptor is left under RLIMIT_NOFILE (ulimit -n) for a swap file; "
                  "close some, or raise the limit",
                  {}, error);
    case ENFILE:
      return fail(Errc::no_memory,
                  "the machine's table of files is full (sysctl fs.file-max); close some", {},
                  error);
    case ENOSPC:
    case EDQUOT:
      return fail(Errc::io, kNoRoom, {}, error);
    default:
      return fail(Errc::io,
                  "no swap file can be made there: SwapFileOptions::directory (else $TMPDIR, else "
                  "/var/tmp) has to be a directory that this user may write to",
                  {}, error);
  }
}

// By name, and the name away at once: for a file system or a kernel without O_TMPFILE. Until then a
// kill leaves an empty file.
int make_and_unlink(const char* directory) {
  char path[4096];
  const int length = std::snprintf(path, sizeof path, "%s/cleave-swap.XXXXXX", directory);
  if (length < 0 || length >= static_cast<int>(sizeof path)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const int descriptor = until_not_interrupted([&] { return mkostemp(path, O_CLOEXEC); });
  if (descriptor < 0 || until_not_interrupted([&] { return unlink(path); }) == 0) return descriptor;
  const int why = errno;
  (void)close(descriptor);
  errno = why;
  return -1;
}

int open_nameless(const char* directory) {
  const int descriptor = until_not_interrupted(
      [&] { return open(directory, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600); });
  if (descriptor >= 0 || errno == EMFILE || errno == ENFILE) return descriptor;
  return make_and_unlink(directory);
}

// Its space on the disk, while there is some. Where the file system cannot tell, it is not known
// before a write whether there is.
int allocate_on_disk(int descriptor, std::uint64_t bytes) {
  const auto size = static_cast<off_t>(bytes);
  if (until_not_interrupted([&] { return fallocate(descriptor, 0, 0, size); }) == 0) return 0;
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO) return errno;
  return until_not_interrupted([&] { return ftruncate(descriptor, size); }) == 0 ? 0 : errno;
}

void advance(std::span<iovec>& pieces, std::size_t bytes) {
  while (!pieces.empty() && bytes >= pieces.front().iov_len) {
    bytes -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (bytes == 0) return;
  pieces.front().iov_base = static_cast<std::byte*>(pieces.front().iov_base) + bytes;
  pieces.front().iov_len -= bytes;
}

}  // namespace

Result<void> AnonymousFile::open(const char* directory, std::uint64_t bytes, std::byte* trial) {
  const Uncancelled here;
  if (bytes > most_bytes_of_a_file()) return fail(Errc::bad_argument, kSwapFileTooLarge, {}, EFBIG);
  const int opened = above_standard_streams(open_nameless(directory));
  if (opened < 0) return cannot_make(errno);
  file_ = OwnFile(opened);
  if (const int error = allocate_on_disk(opened, bytes); error != 0) {
    close();
    if (error == EFBIG) return fail(Errc::bad_argument, kSwapFileTooLarge, {}, error);
    return cannot_make(error);
  }
  go_direct(trial);
  return {};
}

// Some file systems take the flag and refuse each transfer, and some disks have blocks that are
// larger than pages.
void AnonymousFile::go_direct(std::byte* trial) noexcept {
  const int opened = descriptor();
  const int flags = fcntl(opened, F_GETFL);
  if (flags < 0 || fcntl(opened, F_SETFL, flags | O_DIRECT) != 0) return;
  direct_.store(true, sync::relaxed);
  iovec piece{trial, kPageSize};
  // What else may fail here does so again where there is someone to be told.
  if (transfer(Way::out, {&piece, 1}, 0) != 0) return;
  piece = {trial, kPageSize};
  (void)transfer(Way::in, {&piece, 1}, 0);
}

void AnonymousFile::give_up_direct() noexcept {
  direct_.store(false, sync::relaxed);
  const int opened = descriptor();
  const int flags = fcntl(opened, F_GETFL);
  if (flags >= 0) (void)fcntl(opened, F_SETFL, flags & ~O_DIRECT);
}

void AnonymousFile::close() noexcept { file_.close(); }

int AnonymousFile::transfer(Way way, std::span<iovec> pieces, std::uint64_t offset) noexcept {
  const Uncancelled here;
  const int opened = descriptor();
  for (unsigned refusals = 0; !pieces.empty();) {
    const int count = static_cast<int>(pieces.size());
    const auto at = static_cast<off_t>(offset);
    const ssize_t done = way == Way::in ? preadv(opened, pieces.data(), count, at)
                                        : pwritev(opened, pieces.data(), count, at);
    if (done > 0) {
      advance(pieces, static_cast<std::size_t>(done));
      offset += static_cast<std::uint64_t>(done);
      refusals = 0;
      continue;
    }
    if (done == 0) return way == Way::in ? kCutShort : EIO;
    if (errno == EINTR) continue;
    if (errno == EINVAL && is_direct()) {
      give_up_direct();
    } else if (errno == EAGAIN && ++refusals < 100) {
      (void)sched_yield();
    } else {
      return errno;
    }
  }
  return 0;
}

}  // namespace cleave::detail::backing
