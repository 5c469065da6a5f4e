#include "adapters/program/kernel/text_of.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "adapters/program/kernel/raw.h"

namespace cleave::program {
namespace {

class OpenFile {
 public:
  explicit OpenFile(const char* path)
      : number_(raw::call(SYS_openat, AT_FDCWD, raw::as_word(path), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (!raw::is_error(number_)) (void)raw::call(SYS_close, number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] long read(char* into, std::size_t bytes) const {
    return raw::call(SYS_read, number_, raw::as_word(into), static_cast<long>(bytes));
  }

 private:
  long number_;
};

}  // namespace

std::optional<std::string> text_of(const char* path) {
  constexpr std::size_t kStep = 16384;
  const OpenFile file(path);
  std::string text;
  for (;;) {
    const std::size_t had = text.size();
    text.resize(had + kStep);
    const long got = file.read(text.data() + had, kStep);
    text.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return text;
    if (got < 0 && got != -EINTR) return std::nullopt;
  }
}

std::string value_in(const std::string& text, const std::string& key) {
  const std::string begin = key + ":";
  std::size_t at = text.starts_with(begin) ? 0 : text.find("\n" + begin);
  if (at == std::string::npos) return {};
  at = text.find(':', at) + 1;
  const std::size_t end = std::min(text.find('\n', at), text.size());
  at = std::min(text.find_first_not_of(" \t", at), end);
  return text.substr(at, end - at);
}

}  // namespace cleave::program
