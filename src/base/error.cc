#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <cleave/detail/explored.h>
#include <cleave/error.h>
#include <cleave/must.h>

namespace cleave {

const char* name(Errc code) noexcept {
  switch (code) {
    case Errc::no_memory:
      return "no_memory";
    case Errc::not_mapped:
      return "not_mapped";
    case Errc::already_mapped:
      return "already_mapped";
    case Errc::not_permitted:
      return "not_permitted";
    case Errc::bad_argument:
      return "bad_argument";
    case Errc::pinned:
      return "pinned";
    case Errc::too_many_pins:
      return "too_many_pins";
    case Errc::unsupported:
      return "unsupported";
    case Errc::io:
      return "io";
    case Errc::cancelled:
      return "cancelled";
    case Errc::already_exists:
      return "already_exists";
  }
  return "unknown";
}

std::string Error::message() const {
  std::string line = std::string(name(code)) + ": " + what;
  if (raw(where) != 0) {
    char text[32];
    (void)std::snprintf(text, sizeof text, " (at 0x%llx)",
                        static_cast<unsigned long long>(raw(where)));
    line += text;
  }
  if (system != 0) line += std::string(" (") + std::strerror(system) + ")";
  return line;
}

void stop(const Error& error, SourceLocation where) noexcept {
#ifdef CLEAVE_EXPLORED
  if (detail::sync::Scheduler* s = detail::sync::scheduler())
    s->broken(where.file, static_cast<int>(where.line), error.message().c_str());
#endif
  (void)std::fprintf(stderr, "%s:%u: %s\n", where.file, where.line, error.message().c_str());
  std::abort();
}

}  // namespace cleave
