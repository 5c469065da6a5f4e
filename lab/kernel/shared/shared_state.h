// What the processes of a test, and who runs it, know in common: one shared mapping with no
// pointers in it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "lab/judge/plan.h"
#include "lab/kernel/shared/limits.h"
#include "lab/kernel/shared/pagemap.h"
#include "lab/kernel/shared/recording_buffer.h"
#include "lab/kernel/shared/wait_queue.h"

namespace lab::kernel {

enum class ProcessState : std::uint32_t { absent, running, exited, killed };

/// What all processes do now. Processes answer `look` and `read` when their threads have ended; the
/// last that answers `look` has all go on to `read`, the sandbox to the others.
enum class Phase : std::uint32_t { prepare, perform, look, read };

/// Atomics are sequentially consistent, the default: a process changes one and then calls
/// changed.wake_all(), and the word in there is what others have read before they looked. Where
/// nothing else is said, what is no atomic belongs to the sandbox: a process writes its `pages`,
/// `contents` and `frame_after_swap_in` before `answered`, the sandbox reads them after.
struct SharedState {
  // One test.
  std::atomic<bool> stop;  ///< the judge wants the results so far
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
  std::atomic_flag error_claimed;  ///< `error` is taken: one process writes, or wrote, into it
  std::array<char, 256> error;     ///< why the test cannot go on; empty: it can

  // One run.
  WaitQueue changed;
  std::atomic<Phase> phase;
  std::atomic<std::uint64_t> steps;
  std::atomic<std::uint64_t> refused;  ///< bit i: the kernel refused CompiledTest::watched[i]
  struct Process {
    std::atomic<ProcessState> state;
    std::atomic<int> pid;
    std::atomic<int> listed;  ///< its number in /proc, which is of another namespace
    std::atomic<Phase> answered;
    std::array<PageInfo, kPages> pages;
    std::array<std::array<std::uint64_t, 2>, kPages> contents;
    std::array<std::uint64_t, kPages>
        frame_after_swap_in;  ///< the frame of a page that was in swap, when it was read
    std::array<std::atomic<std::uint64_t>, kPages> frames;  ///< last seen; see copies
    std::atomic_flag comparing_frames;                      ///< one thread compares frames
    std::atomic<std::uint32_t> samples_given;               ///< see RecordingBuffer
  };
  std::array<Process, kProcesses> processes;
  struct Thread {
    std::atomic<std::uint32_t> at;
    std::atomic<bool> ended;
    std::atomic<int> listed;                   ///< its number in /proc; 0: it has not begun
    std::atomic<std::uint32_t> heard_nothing;  ///< so often has its `serve` found no fault
  };
  std::array<Thread, kThreads> threads;
  std::array<std::atomic<bool>, kNames> signals;
  std::array<std::atomic<std::uint64_t>, kNames> registers;
  struct Reference {
    std::atomic<bool> taken;
    std::atomic<std::uint32_t> process, page;
    std::atomic<std::uint64_t> frame;  ///< that its page had right after it was taken
  };
  std::array<Reference, kNames> references;
  std::array<std::atomic<std::uint64_t>, kPages> copies;
  RecordingBuffer recording;  ///< of one run

  /// Before a run.
  void clear();
  /// Whether all processes that are there have answered the phase, or a later one.
  [[nodiscard]] bool all_answered(Phase which) const;
  /// Tells why the test cannot go on; the first to tell is heard.
  void fail(std::string_view what);
  [[nodiscard]] bool failed() const { return error[0] != '\0'; }
};

struct Unmap {
  void operator()(SharedState* shared) const;
};
using SharedStatePtr = std::unique_ptr<SharedState, Unmap>;

/// Memory that children share. nullptr: there is none.
SharedStatePtr map_shared_state();

}  // namespace lab::kernel
