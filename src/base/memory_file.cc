#include "base/memory_file.h"

#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>

#include "base/fail.h"
#include "base/file_limit.h"
#include "base/kernel_abi.h"
#include "base/own_file.h"
#include "base/refusal.h"
#include "base/uncancelled.h"

namespace cleave::detail {
namespace {

constexpr Refusals kMemfd =
    CLEAVE_REFUSALS("memfd_create", "memfd_create is not there; it came with Linux 3.17");
constexpr Refusals kResize =
    CLEAVE_REFUSALS("ftruncate", "the kernel cannot make a file of that size");
constexpr const char* kTooLarge =
    "a file may not be that large here (RLIMIT_FSIZE, ulimit -f); raise the limit, or ask for less";

// Where the kernel knows executable files from others (Linux 6.3), a policy may want none.
int open_memory(const char* name) {
  const int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
  return above_standard_streams(descriptor < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC)
                                                                  : descriptor);
}

int resize(int descriptor, std::uint64_t bytes) {
  int done;
  do {
    done = ftruncate(descriptor, static_cast<off_t>(bytes));
  } while (done != 0 && is_interrupted(errno));
  return done;
}

}  // namespace

Result<int> create_memory_file(const char* name, std::uint64_t bytes) {
  if (bytes > most_bytes_of_a_file()) return fail(Errc::bad_argument, kTooLarge, {}, EFBIG);
  const Uncancelled here;
  const int descriptor = open_memory(name);
  if (descriptor < 0) return refused(kMemfd, errno);
  if (resize(descriptor, bytes) == 0) return descriptor;
  const int why = errno;
  (void)close(descriptor);
  if (why == EFBIG) return fail(Errc::bad_argument, kTooLarge, {}, why);
  return refused(kResize, why);
}

}  // namespace cleave::detail
