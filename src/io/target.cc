#include "io/target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/fail.h"
#include "base/file_limit.h"
#include "base/own_file.h"
#include "base/uncancelled.h"
#include "sync/memory.h"

namespace cleave::detail {
namespace {

const char* why_not_open(int error) {
  switch (error) {
    case EMFILE:
    case EINVAL:  // of F_DUPFD: the limit is zero
      return "no file descriptor is left under RLIMIT_NOFILE (ulimit -n) to keep the file open; "
             "close some, or raise the limit";
    case ENFILE:
      return "the machine's table of files is full (sysctl fs.file-max); close some";
    case EPERM:
    case EACCES:
      return "fcntl(F_DUPFD_CLOEXEC) is denied here, as by a container's seccomp profile";
    default:
      return "the file cannot be kept open";
  }
}

}  // namespace

Result<Target> Target::of(int descriptor) {
  if (sync::allocation_fails()) {
    return fail(Errc::io, "no file descriptor is left to keep the file open", {}, EMFILE);
  }
  const int own = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (own < 0) {
    return fail(Errc::io, errno == EBADF ? "the descriptor is not open" : why_not_open(errno), {},
                errno);
  }
  Target target{File(own)};
  struct stat status {};
  const int flags = fcntl(own, F_GETFL);
  if (flags < 0 || fstat(own, &status) != 0) {
    return fail(Errc::io, "fstat(2) fails on the file", {}, errno);
  }
  const bool has_blocks = S_ISREG(status.st_mode) || S_ISBLK(status.st_mode);
  target.has_offsets_ = !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode);
  target.appends_ = (flags & O_APPEND) != 0;
  target.in_order_ = !has_blocks || target.appends_;
  if (S_ISREG(status.st_mode)) target.most_bytes_ = most_bytes_of_a_file();
  // On a pipe O_DIRECT means packets.
  if (!has_blocks || (flags & O_DIRECT) == 0) return target;

  target.flags_ =
      (flags & (O_ACCMODE | O_APPEND | O_SYNC | O_DSYNC | O_NONBLOCK)) | O_CLOEXEC | O_LARGEFILE;
  target.direct_ = true;
#ifdef STATX_DIOALIGN  // Linux 6.1
  struct statx more {};
  if (statx(own, "", AT_EMPTY_PATH, STATX_DIOALIGN, &more) == 0 &&
      (more.stx_mask & STATX_DIOALIGN) != 0) {
    target.direct_ = more.stx_dio_offset_align != 0;
    // Pieces end where pages do. Whole sectors lie in each only if memory is aligned as the file
    // is.
    target.memory_alignment_ =
        std::max<std::uint64_t>({512, more.stx_dio_mem_align, more.stx_dio_offset_align});
  }
#endif
  // Whole pages, though sectors would do: two requests in flight, one through the cache and one
  // past it, must not meet in a page of the cache.
  target.offset_alignment_ = std::max(kPageSize, target.memory_alignment_);
  return target;
}

std::uint64_t Target::may_write(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  if (most_bytes_ == std::numeric_limits<std::uint64_t>::max()) return bytes;
  struct stat status {};
  if (appends_ && fstat(file_.descriptor(), &status) == 0) {
    offset = static_cast<std::uint64_t>(status.st_size);
  }
  return offset >= most_bytes_ ? 0 : std::min(bytes, most_bytes_ - offset);
}

bool Target::ends_by(std::uint64_t offset) const noexcept {
  struct stat status {};
  return fstat(file_.descriptor(), &status) == 0 && S_ISREG(status.st_mode) &&
         offset >= static_cast<std::uint64_t>(status.st_size);
}

Result<int> Target::through_the_cache() {
  if (!is_direct_file()) return file_.descriptor();
  if (cached_.descriptor() >= 0) return cached_.descriptor();
  if (sync::allocation_fails()) {
    return fail(Errc::io, "no file descriptor is left for the unaligned part", {}, EMFILE);
  }
  const Uncancelled here;
  char path[32];
  (void)std::snprintf(path, sizeof path, "/proc/self/fd/%d", file_.descriptor());
  const int again = above_standard_streams(open(path, flags_));
  if (again < 0) {
    const bool no_descriptor = errno == EMFILE || errno == ENFILE;
    return fail(
        Errc::io,
        no_descriptor
            ? why_not_open(errno)
            : "the file cannot be opened without O_DIRECT for its unaligned part; align the "
              "transfer, or open it without",
        {}, errno);
  }
  cached_ = File(again);
  return again;
}

Result<Target::Step> Target::step(std::uint64_t offset, Address address, std::uint64_t bytes) {
  if (!has_offsets_) return Step{file_.descriptor(), ~std::uint64_t{0}, bytes, false};
  // With unsigned numbers the difference may wrap; its remainder by a power of two does not mind.
  if (direct_ && (raw(address) - offset) % memory_alignment_ == 0) {
    const std::uint64_t head = offset % offset_alignment_;
    if (head != 0) {
      bytes = std::min(bytes, offset_alignment_ - head);
    } else if (bytes >= offset_alignment_) {
      return Step{file_.descriptor(), offset, bytes - bytes % offset_alignment_, true};
    }
  }
  return through_the_cache().map([&](int descriptor) {
    return Step{descriptor, offset, bytes, false};
  });
}

}  // namespace cleave::detail
