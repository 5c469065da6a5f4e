#include "lab/report/look.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace lab::report {

Look look_of(int file) {
  Look look;
  if (isatty(file) == 0) return look;
  const char* none = std::getenv("NO_COLOR");
  look.colour = none == nullptr || *none == '\0';
  winsize size{};
  if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) look.width = size.ws_col;
  return look;
}

}  // namespace lab::report
