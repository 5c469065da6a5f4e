#include "tools/console/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace cleave::console {

int after_printing(const char* program, int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  (void)std::fprintf(stderr, "%s: standard output cannot be written: %s\n", program,
                     std::strerror(errno));
  return 2;
}

}  // namespace cleave::console
