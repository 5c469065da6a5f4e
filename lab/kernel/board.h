// What the processes of a test, and who runs it, know in common: one shared mapping with no pointers in it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "lab/judge/plan.h"
#include "lab/kernel/limits.h"
#include "lab/kernel/reel.h"
#include "lab/kernel/sight.h"

namespace lab::kernel {

enum class Life : std::uint32_t { absent, running, exited, killed };

/// What everybody does now. Processes answer `look` and `read` when their threads have ended.
enum class Phase : std::uint32_t { prepare, perform, look, read };

/// A word that processes wait for.
class Gate {
 public:
  /// As long as any run lasts. The largest duration of all would overflow where it is compared.
  static constexpr std::chrono::milliseconds kForEver = std::chrono::hours(1000);

  /// Blocks until `ready` is true, which somebody makes so and then opens the gate; or until the time is over (false).
  template <typename Ready>
  bool wait(Ready ready, std::chrono::milliseconds time = kForEver) {
    const auto begin = std::chrono::steady_clock::now();
    for (;;) {
      const std::uint32_t seen = word_.load();
      if (ready()) return true;
      if (std::chrono::steady_clock::now() - begin >= time) return false;
      sleep(seen);
    }
  }
  void open();

 private:
  void sleep(std::uint32_t seen);
  std::atomic<std::uint32_t> word_{0};
};

struct Board {
  // One test.
  std::atomic<bool> stop;  ///< somebody wants the results so far
  std::atomic<std::uint64_t> runs;
  std::atomic<bool> hung;  ///< the last run did not end
  struct End {
    std::array<std::uint64_t, kQuantities> answers;
    std::uint64_t refused;  ///< as below
    std::uint64_t count;
  };
  std::array<End, kEnds> ends;
  std::uint32_t end_count;
  std::array<std::uint64_t, 2>
      more;  ///< runs with other ends: where the condition does not hold, and where it does
  std::atomic_flag told;          ///< somebody writes, or wrote, into `trouble`
  std::array<char, 256> trouble;  ///< why the test cannot go on; empty: it can

  // One run.
  Gate gate;
  std::atomic<Phase> phase;
  std::atomic<std::uint64_t> steps;
  std::atomic<std::uint64_t> refused;  ///< bit i: the kernel refused Play::watched[i]
  struct Process {
    std::atomic<Life> life;
    std::atomic<int> pid;
    std::atomic<Phase> answered;
    std::array<Sight, kPages> sights;
    std::array<std::array<std::uint64_t, 2>, kPages> contents;
    std::array<std::uint64_t, kPages>
        back;  ///< the frame of a page that was in swap, when it was read
    std::array<std::atomic<std::uint64_t>, kPages> frames;  ///< last seen; see copies
    std::atomic_flag looking;                               ///< somebody compares frames
    std::atomic<std::uint32_t> shown;                       ///< see Reel
  };
  std::array<Process, kProcesses> processes;
  struct Line {
    std::atomic<std::uint32_t> at;
    std::atomic<bool> ended;
  };
  std::array<Line, kLines> lines;
  std::array<std::atomic<bool>, kNames> signals;
  std::array<std::atomic<std::uint64_t>, kNames> registers;
  struct Reference {
    std::atomic<bool> taken;
    std::atomic<std::uint32_t> process, page;
    std::atomic<std::uint64_t> frame;  ///< that its page had right after it was taken
  };
  std::array<Reference, kNames> references;
  std::array<std::atomic<std::uint64_t>, kPages> copies;
  Reel reel;  ///< of one run

  /// Before a run.
  void clear();
  /// Tells why the test cannot go on; the first to tell is heard.
  void say(std::string_view what);
  [[nodiscard]] bool troubled() const { return trouble[0] != '\0'; }
};

struct Unmap {
  void operator()(Board* board) const;
};
using SharedBoard = std::unique_ptr<Board, Unmap>;

/// A board that children share. nullptr: no memory.
SharedBoard make_board();

/// Whether the plan stays within the board's limits.
bool fits(const judge::Plan& plan);

}  // namespace lab::kernel
