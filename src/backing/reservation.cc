#include "backing/reservation.h"

#include <sys/mman.h>

#include <cerrno>
#include <type_traits>

#include "base/fail.h"

namespace cleave::detail {

Result<Reservation> Reservation::make(std::uint64_t bytes) {
  Reservation made;
  const std::uint64_t all = kPageSize + room_for<std::byte>(bytes);
  void* const mapping = mmap(nullptr, all, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    return fail(Errc::no_memory,
                "mmap has no room for what a backing reserves; ask for fewer bytes, or raise "
                "RLIMIT_AS (ulimit -v)",
                {}, errno);
  }
  made.mapping_ = static_cast<std::byte*>(mapping);
  made.bytes_ = all;
  *reinterpret_cast<std::uint64_t*>(made.mapping_) = 1;
  if (madvise(mapping, kPageSize, MADV_WIPEONFORK) != 0 ||
      madvise(made.mapping_ + kPageSize, all - kPageSize, MADV_DONTFORK) != 0) {
    const int why = errno;
    const bool short_of_memory = why == ENOMEM || why == EAGAIN;
    return fail(short_of_memory ? Errc::no_memory : Errc::unsupported,
                short_of_memory
                    ? "madvise ran short of the kernel's memory, or of mappings (vm.max_map_count)"
                    : "madvise(MADV_WIPEONFORK) is denied here or not there (Linux 4.14 has it); a "
                      "backing needs it to know its process",
                {}, why);
  }
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
              "this process is a child of fork(2), and the backing is its parent's; make a pool and "
              "a backing of its own");
}

}  // namespace cleave::detail
