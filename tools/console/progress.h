// A line on the terminal that says how far a long piece of work is; nothing where standard error is
// no terminal.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>

namespace cleave::console {

/// Any thread may step.
class Progress {
 public:
  Progress(const char* work, std::uint64_t total)
      : work_(work), total_(total), shown_(isatty(STDERR_FILENO) == 1) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_) fmt::print(stderr, "\r\033[K");
  }

  void step() {
    const std::uint64_t done = done_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (shown_ && done % (total_ / 100 + 1) == 0) {
      fmt::print(stderr, "\r{}: {} of {}", work_, done, total_);
    }
  }

 private:
  const char* work_;
  std::uint64_t total_;
  bool shown_;
  std::atomic<std::uint64_t> done_{0};
};

}  // namespace cleave::console
