// One run, looked at between its statements: what each process' page table shows, and what
// references hold. Lies in the memory that all processes of a test share. Recording
// (lab/report/data/recording.h) is what is made of it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "lab/judge/plan.h"
#include "lab/kernel/shared/limits.h"
#include "lab/kernel/shared/pagemap.h"

namespace lab::kernel {

/// All there was to be seen at one moment.
struct Sample {
  struct Page {
    bool mapped;  ///< a region is there, whether or not a page is
    PageInfo info;
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
  std::uint32_t line = 0, at = 0;  ///< the statement before it; of the last sample, none
  std::uint64_t gave = 0;          ///< what that left in its register
  std::array<Process, kProcesses> processes;
  std::array<Reference, kNames> references;
};

/// Sequentially consistent, with SharedState::changed: a process writes its part of a sample before
/// it raises `samples_given`, the thread that takes the sample writes the rest before it raises
/// `taken`. `busy` lets one thread at a time take a sample, and is held while it waits for the
/// processes.
struct RecordingBuffer {
  std::atomic<bool> running;  ///< this run is recorded
  std::atomic<bool>
      invalid;  ///< a process did not answer in time, or there were too many statements
  std::atomic<std::uint32_t> requested,
      taken;  ///< samples; each process answers with its SharedState::Process::samples_given
  std::atomic_flag busy;
  std::atomic<bool> complete;  ///< the run ended as one that was counted, the one of that number
  std::uint32_t end;
  std::array<Sample, kSamples> samples;
};

}  // namespace lab::kernel
