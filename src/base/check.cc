#include "base/check.h"

#include <cstdio>
#include <cstdlib>

#include <cleave/detail/explored.h>

namespace cleave::detail {

void check_failed(const char* file, int line, const char* condition, const char* text) noexcept {
#ifdef CLEAVE_EXPLORED
  if (sync::Scheduler* s = sync::scheduler()) s->broken(file, line, text);
#endif
  (void)std::fprintf(stderr, "cleave: %s:%d: %s\n  (the check was: %s)\n", file, line, text,
                     condition);
  std::abort();
}

}  // namespace cleave::detail
