// One run, looked at between its statements: what each process' page table shows, and what references hold. Lies in the
// memory that all processes of a test share. Film (lab/report/film.h) is what is made of it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "lab/judge/plan.h"
#include "lab/kernel/limits.h"
#include "lab/kernel/sight.h"

namespace lab::kernel {

struct Board;
struct Play;

/// All there was to be seen at one moment.
struct Shot {
  struct Page {
    bool mapped;  ///< a region is there, whether or not a page is
    Sight sight;
    std::uint64_t maps;  ///< how often the kernel says that its frame is mapped
    std::array<std::uint64_t, 2> contents;
  };
  struct Process {
    bool there, gone;
    std::array<Page, kPages> pages;
  };
  struct Reference {
    bool taken;
    std::uint32_t process, page;
    std::uint64_t frame, flags, maps;
  };
  std::uint32_t line = 0, at = 0;  ///< the statement before it; of the last shot, none
  std::uint64_t gave = 0;          ///< what that left in its register
  std::array<Process, kProcesses> processes;
  std::array<Reference, kNames> references;
};

struct Reel {
  std::atomic<bool> running;  ///< this run is looked at
  std::atomic<bool> spoilt;  ///< somebody did not answer in time, or there were too many statements
  std::atomic<std::uint32_t> asked,
      taken;  ///< shots; each process answers with its Board::Process::shown
  std::atomic_flag busy;
  std::atomic<bool> complete;  ///< the run ended as one that was counted, the one of that number
  std::uint32_t end;
  std::array<Shot, kShots> shots;
};

/// Takes a shot of all processes, which answer by show(). By one thread at a time, while nobody performs a statement but
/// those who wait in one. `line` and `at`: the statement that was just performed.
void shoot(const Play& play, Board& board, std::uint32_t line, std::uint32_t at);
/// Whether the process still has to show itself.
bool is_asked(const Board& board, model::ProcessId process);
/// This process' part of the shot that somebody takes.
void show(const Play& play, Board& board, model::ProcessId process);

}  // namespace lab::kernel
