#include "backing/reservation.h"

#include <sys/mman.h>

#include <cerrno>
#include <type_traits>

#include "base/fail.h"

namespace cleave::detail::backing {

namespace {

// `denied`: what a policy, or an old kernel, has against the call; `lacking`: what ran short.
tl::unexpected<Error> refused_memory(int error, const char* denied, const char* lacking) {
  const bool is_lacking = error == ENOMEM || error == EAGAIN;
  return fail(is_lacking ? Errc::no_memory : Errc::unsupported, is_lacking ? lacking : denied, {},
              error);
}

}  // namespace

Result<Reservation> Reservation::make(std::uint64_t bytes) {
  Reservation made;
  const std::uint64_t all = kPageSize + room_for<std::byte>(bytes);
  void* const mapping = mmap(nullptr, all, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    return refused_memory(errno,
                          "mmap is denied here: a policy of the machine, as a container's seccomp "
                          "profile, forbids it; have it allowed",
                          "mmap has no room for what a backing reserves; ask for fewer bytes, or "
                          "raise RLIMIT_AS (ulimit -v)");
  }
  made.mapping_ = static_cast<std::byte*>(mapping);
  made.bytes_ = all;
  *reinterpret_cast<std::uint64_t*>(made.mapping_) = 1;
  if (madvise(mapping, kPageSize, MADV_WIPEONFORK) != 0 ||
      madvise(made.mapping_ + kPageSize, all - kPageSize, MADV_DONTFORK) != 0) {
    return refused_memory(errno,
                          "madvise(MADV_WIPEONFORK) is denied here or not there (Linux 4.14 has "
                          "it); a backing needs it to know its process",
                          "madvise ran short of the kernel's memory, or of mappings "
                          "(vm.max_map_count)");
  }
  // A huge page would be memory that was not asked for. A kernel without them refuses: good.
  (void)madvise(made.mapping_, all, MADV_NOHUGEPAGE);
  return made;
}

Reservation::~Reservation() {
  if (is_here()) (void)munmap(mapping_, bytes_);
}

void Reservation::touch(std::byte* from, std::uint64_t bytes) noexcept {
  for (std::uint64_t at = 0; at < bytes; at += kPageSize) {
    *reinterpret_cast<volatile std::byte*>(from + at) = std::byte{0};
  }
}

tl::unexpected<Error> backing_of_another_process() noexcept {
  return fail(Errc::not_permitted,
              "this process is a child of fork(2), and the backing is its parent's; make a pool "
              "and a backing of its own");
}

}  // namespace cleave::detail::backing
