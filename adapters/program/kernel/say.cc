#include "adapters/program/kernel/say.h"

#include <sys/uio.h>
#include <unistd.h>

#include "adapters/program/kernel/raw.h"

namespace cleave::program {

void say(std::string_view text) noexcept {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  constexpr std::string_view kWho = "cleave run: ";
  const auto piece = [](std::string_view part) {
    return iovec{const_cast<char*>(part.data()), part.size()};
  };
  const iovec pieces[] = {piece(kWho), piece(text), piece("\n")};
  (void)raw::call(SYS_writev, STDERR_FILENO, raw::as_word(pieces), 3);
}

}  // namespace cleave::program
