#include "base/address_space.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fail.h"
#include "base/uncancelled.h"

namespace cleave::detail {
namespace {

constexpr std::uint64_t kPage = 4096;

/// A file of /proc, read into memory of the caller's: there may be none to allocate.
class ProcFile {
 public:
  explicit ProcFile(const char* path) : descriptor_(open(path, O_RDONLY | O_CLOEXEC)) {}
  ProcFile(const ProcFile&) = delete;
  ProcFile& operator=(const ProcFile&) = delete;
  ~ProcFile() {
    if (descriptor_ >= 0) (void)close(descriptor_);
  }
  /// The next bytes; 0 at the end, and where the file cannot be read.
  std::size_t read(char* into, std::size_t most) {
    const ssize_t got = descriptor_ < 0 ? 0 : ::read(descriptor_, into, most);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

 private:
  Uncancelled here_;
  int descriptor_;
};

/// The `which`th number in a line of numbers; 0 where it cannot be read.
std::uint64_t number_in(const char* path, unsigned which) {
  std::array<char, 256> line{};
  (void)ProcFile(path).read(line.data(), line.size() - 1);
  char* at = line.data();
  std::uint64_t number = 0;
  for (unsigned i = 0; i <= which; ++i) number = std::strtoull(at, &at, 10);
  return number;
}

std::uint64_t mappings() {
  ProcFile maps("/proc/self/maps");
  std::array<char, 4096> part;
  std::uint64_t lines = 0;
  while (const std::size_t got = maps.read(part.data(), part.size())) {
    lines += static_cast<std::uint64_t>(std::count(part.data(), part.data() + got, '\n'));
  }
  return lines;
}

bool exceeds(int resource, std::uint64_t used, std::uint64_t more) {
  rlimit limit{};
  return getrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &limit) == 0 &&
         limit.rlim_cur != RLIM_INFINITY && used + more > limit.rlim_cur;
}

}  // namespace

const char* limit_of_mapping(std::uint64_t bytes, Mapped as) noexcept {
  constexpr const char* kStatistics = "/proc/self/statm";  // in pages: all, ..., data and stack
  const std::uint64_t all = number_in(kStatistics, 0) * kPage;
  if (exceeds(RLIMIT_AS, all, bytes)) {
    return "RLIMIT_AS (ulimit -v) leaves no room in the address space for it; raise the limit, or "
           "ask for less";
  }
  const std::uint64_t data = number_in(kStatistics, 5) * kPage;
  if (as == Mapped::own && exceeds(RLIMIT_DATA, data, bytes)) {
    return "RLIMIT_DATA (ulimit -d) leaves no room for it; raise the limit, or ask for less";
  }
  const std::uint64_t most = number_in("/proc/sys/vm/max_map_count", 0);
  constexpr std::uint64_t kAtOnce = 3;  // that one call may add, beside a line that is no mapping
  if (most != 0 && mappings() + kAtOnce >= most) {
    return "the process has as many mappings as it may have (sysctl vm.max_map_count); unmap some, "
           "or raise the limit";
  }
  return nullptr;
}

tl::unexpected<Error> refused_mapping(const Refusals& call, std::uint64_t bytes, Mapped as,
                                      int error) noexcept {
  if (error == EAGAIN) {
    return fail(Errc::no_memory,
                "RLIMIT_MEMLOCK (ulimit -l) leaves no room, and mlockall(MCL_FUTURE) asks to lock "
                "every new mapping; raise the limit, or lock less",
                {}, error);
  }
  if (error != ENOMEM) return refused(call, error);
  const char* limit = limit_of_mapping(bytes, as);
  return fail(Errc::no_memory, limit == nullptr ? call.memory : limit, {}, error);
}

}  // namespace cleave::detail
