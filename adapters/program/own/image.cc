#include "adapters/program/own/image.h"

// The linker's own.
extern "C" {
[[gnu::visibility("hidden")]] extern const char __ehdr_start;  // NOLINT
[[gnu::visibility("hidden")]] extern const char _end;          // NOLINT
}

namespace cleave::program {

OwnImage own_image() noexcept {
  constexpr std::uintptr_t kPage = 4096;
  const auto end = reinterpret_cast<std::uintptr_t>(&_end);
  return {reinterpret_cast<std::uintptr_t>(&__ehdr_start), (end + kPage - 1) & ~(kPage - 1)};
}

}  // namespace cleave::program
