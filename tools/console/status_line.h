// What a command is doing, for a person who waits.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>

#include <fmt/format.h>

namespace cleave::console {

/// A line on standard error that the next one replaces, and that is gone at the end. Shown on a
/// terminal only. Any thread may show.
class StatusLine {
 public:
  StatusLine() = default;
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  ~StatusLine() { clear(); }

  [[nodiscard]] bool is_shown() const { return shown_; }
  void show(const std::string& text) const {
    if (shown_) fmt::print(stderr, "\r\x1b[K{}", text);
  }
  void clear() const { show(""); }

 private:
  bool shown_ = isatty(STDERR_FILENO) == 1;
};

}  // namespace cleave::console
