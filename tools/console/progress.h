// How far a long piece of work is.
#pragma once

#include <atomic>
#include <cstdint>

#include <fmt/format.h>

#include "tools/console/status_line.h"

namespace cleave::console {

/// Any thread may step.
class Progress {
 public:
  Progress(const char* work, std::uint64_t total) : work_(work), total_(total) {}

  void step() {
    const std::uint64_t done = done_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (line_.is_shown() && done % (total_ / 100 + 1) == 0) {
      line_.show(fmt::format("{}: {} of {}", work_, done, total_));
    }
  }

 private:
  const char* work_;
  std::uint64_t total_;
  StatusLine line_;
  std::atomic<std::uint64_t> done_{0};
};

}  // namespace cleave::console
