#include "bench/system.h"

#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "cleave/base/error.h"

namespace cleave::bench {

void must_hold(bool held, const char* what) {
  if (!held) must<void>(fail(Errc::unsupported, what, {}, errno));
}

ByteCount proc_bytes(const char* file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string name; lines >> name;) {
    if (std::uint64_t kib = 0; name.starts_with(key) && name.size() == key.size() + 1) {
      lines >> kib;
      return kib << 10;
    }
    std::getline(lines, name);
  }
  must<void>(fail(Errc::unsupported, "/proc does not tell a figure that the benchmark needs"));
  return 0;
}

void wait_for_process(pid_t child) {
  must_hold(waitpid(child, nullptr, 0) == child, "waitpid(2) failed");
}

}  // namespace cleave::bench
