// The version, and errors as C sees them.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "capi/handles.h"

#define CLEAVE_TEXT_OF(number) #number
#define CLEAVE_VERSION_TEXT(major, minor, patch) \
  CLEAVE_TEXT_OF(major) "." CLEAVE_TEXT_OF(minor) "." CLEAVE_TEXT_OF(patch)

namespace cleave::detail::c {
namespace {

constexpr bool is_failure(cleave_code code) {
  return code > CLEAVE_OK && code <= code_of(Errc::already_exists);
}

}  // namespace

std::size_t give_text(std::string_view text, char* into, std::size_t size) noexcept {
  if (size != 0 && into != nullptr) {
    const std::size_t fits = std::min(text.size(), size - 1);
    std::memcpy(into, text.data(), fits);
    into[fits] = '\0';
  }
  return text.size();
}

}  // namespace cleave::detail::c

using namespace cleave;
using namespace cleave::detail;

namespace {

const char* text_of(const cleave_error& error) { return error.what == nullptr ? "" : error.what; }

}  // namespace

const char* cleave_version() {
  return CLEAVE_VERSION_TEXT(CLEAVE_VERSION_MAJOR, CLEAVE_VERSION_MINOR, CLEAVE_VERSION_PATCH);
}

const char* cleave_code_name(cleave_code code) {
  if (code == CLEAVE_OK) return "ok";
  return c::is_failure(code) ? name(static_cast<Errc>(code - 1)) : "unknown";
}

size_t cleave_error_message(const cleave_error* error, char* into, size_t size) try {
  if (error == nullptr) return c::give_text("", into, size);
  if (!c::is_failure(error->code)) {
    return c::give_text(cleave_code_name(error->code), into, size);
  }
  // A structure that no call has set has no text.
  const Error failed{static_cast<Errc>(error->code - 1), text_of(*error), Address{error->where},
                     error->system};
  return c::give_text(failed.message(), into, size);
} catch (const std::bad_alloc&) {
  return c::give_text(text_of(*error), into, size);
}
