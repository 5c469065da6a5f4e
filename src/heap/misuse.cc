#include "heap/misuse.h"

#include <array>
#include <cstdio>

#include "base/check.h"

namespace cleave::detail {

void stop_bad_free(const void* block, BadFree why) noexcept {
  const char* what = "";
  switch (why) {
    case BadFree::twice:
      what = "was freed already; free each block once";
      break;
    case BadFree::no_start:
      what = "is not the start of an allocated block of this heap; it may have been freed already";
      break;
    case BadFree::foreign:
      what = "does not lie in this heap; free it where it came from";
      break;
  }
  std::array<char, 160> text;
  (void)std::snprintf(text.data(), text.size(), "%p %s", block, what);
  check_failed(__FILE__, __LINE__, "a heap is given blocks of its own, once", text.data());
}

}  // namespace cleave::detail
