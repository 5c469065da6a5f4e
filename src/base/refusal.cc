#include "base/refusal.h"

#include <cerrno>

#include "base/fail.h"

namespace cleave::detail {

tl::unexpected<Error> refused(const Refusals& call, int error) noexcept {
  switch (error) {
    case EPERM:
    case EACCES:
      return fail(Errc::unsupported, call.denied, {}, error);
    case EMFILE:
      return fail(Errc::no_memory, call.descriptors, {}, error);
    case ENFILE:
      return fail(Errc::no_memory, call.files, {}, error);
    case ENOMEM:
    case EAGAIN:
    case ENOBUFS:
    case ENOSPC:
    case EDQUOT:
    case EBUSY:
    case EINTR:
      return fail(Errc::no_memory, call.memory, {}, error);
    case EBADF:
      return closed_by_the_program();
    default:
      return fail(Errc::unsupported, call.missing, {}, error);
  }
}

tl::unexpected<Error> closed_by_the_program() noexcept {
  return fail(Errc::io,
              "the program has closed a file descriptor that cleave had opened for itself, by "
              "closefrom(3) or the like; what is in memory can still be read, but go on in a new "
              "arena or pool",
              {}, EBADF);
}

bool is_interrupted(int error) noexcept { return error == EINTR; }

bool is_lacking(int error) noexcept {
  return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EPERM ||
         error == EACCES;
}

}  // namespace cleave::detail
