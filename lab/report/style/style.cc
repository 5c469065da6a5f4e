#include "lab/report/style/style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace lab::report {

Style style_of(int file) {
  Style style;
  if (isatty(file) == 0) return style;
  const char* none = std::getenv("NO_COLOR");
  style.colour = none == nullptr || *none == '\0';
  winsize size{};
  if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  return style;
}

}  // namespace lab::report
