// How programs roll memory back without an arena. Each writes a set of pages, and has the memory as
// it was. All tell what that took, in ns on a processor.
#pragma once

#include <csignal>
#include <cstdint>
#include <vector>

#include "bench/arena/touched_arena.h"
#include "bench/harness/benchmark.h"

namespace cleave::bench {

/// fork(2): a child writes and exits. What both are on a processor for counts; that one waits until
/// the other runs does not.
class RollbackByFork {
 public:
  explicit RollbackByFork(const Extent& extent) : heap_(extent) {}
  double write_and_roll_back(const PageSets::Set& set);

 private:
  TouchedHeap heap_;
};

/// SIGSEGV and mprotect(2), with nothing spared: the handler saves the page and opens it by one
/// system call, and rolling back closes what is open, run by run or all at once, whichever the
/// first epochs show to be cheaper. One of them in a process.
class RollbackBySegv {
 public:
  RollbackBySegv(const Extent& extent, std::uint64_t most_pages);
  double write_and_roll_back(const PageSets::Set& set);

 private:
  static void handle(int signal, siginfo_t* fault, void* context);
  void roll_back();
  void protect(std::uint64_t first, std::uint64_t pages, int protection) const;
  void close_on_trial();
  void close(bool all);

  TouchedHeap heap_;
  TouchedHeap saved_;
  std::vector<std::uint32_t> open_;  // as they were opened; room for all is there
  Samples run_by_run_;
  Samples all_at_once_;
  bool closes_all_ = false;
};

/// A private mapping of an image in a memfd: the kernel copies what is written, and MADV_DONTNEED
/// drops the copies. Which pages those are is told for nothing, where a program would have to find
/// out.
class RollbackByPrivateImage {
 public:
  explicit RollbackByPrivateImage(const Extent& extent);
  ~RollbackByPrivateImage();
  RollbackByPrivateImage(const RollbackByPrivateImage&) = delete;
  RollbackByPrivateImage& operator=(const RollbackByPrivateImage&) = delete;
  double write_and_roll_back(const PageSets::Set& set);

 private:
  Extent extent_;
  std::byte* image_;
};

/// A copy of everything, copied back.
class RollbackByCopy {
 public:
  explicit RollbackByCopy(const Extent& extent) : heap_(extent), copy_(extent) {}
  double write_and_roll_back(const PageSets::Set& set);

 private:
  void copy_back();

  TouchedHeap heap_;
  TouchedHeap copy_;
};

}  // namespace cleave::bench
