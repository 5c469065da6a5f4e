#include "arena/memory/last_words.h"

#include <unistd.h>

#include <array>
#include <cstdint>

namespace cleave::detail {
namespace {

// No printf, no allocation.
void say(std::string_view text) { (void)!write(STDERR_FILENO, text.data(), text.size()); }

void say_address(const void* address) {
  std::array<char, 2 * sizeof(std::uintptr_t)> digits{};
  auto value = reinterpret_cast<std::uintptr_t>(address);
  for (std::size_t i = digits.size(); i-- != 0; value >>= 4)
    digits[i] = "0123456789abcdef"[value & 15];
  say("0x");
  say({digits.data(), digits.size()});
}

}  // namespace

void say_last_words(std::string_view before, const void* address,
                    std::initializer_list<std::string_view> after) noexcept {
  say("cleave: ");
  say(before);
  say_address(address);
  for (const std::string_view part : after) say(part);
  say("\n");
}

}  // namespace cleave::detail
