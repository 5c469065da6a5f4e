// What one run of the engine works on: its memory, its machine, and the handles that there are.
#pragma once

#include <array>
#include <cstdint>

#include <cleave/accessor.h>
#include <cleave/hold.h>
#include <cleave/must.h>
#include <cleave/pin.h>
#include <cleave/pool.h>
#include <cleave/snapshot.h>
#include <cleave/space.h>

#include "lab/engine/seam/adapter.h"
#include "lab/engine/stage/kept.h"

namespace lab::engine {

using cleave::Address;
using Count = std::uint64_t;

/// Takes a run's memory for as long as it lives; runs of one OS thread that are inside one another
/// have one each, and the same one whenever they are made again.
class Borrowed {
 public:
  Borrowed();
  ~Borrowed();
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  [[nodiscard]] RunMemory& memory() const { return memory_; }

 private:
  RunMemory& memory_;
};

class Stage {
 public:
  static constexpr std::size_t kMost = 8;  // of each kind of handle

  explicit Stage(const Machine& machine) : adapter(borrowed_.memory(), machine) {}

  /// The pool, and space 0. A scene of rooms that need no pool does without.
  void open(std::uint64_t frames);
  /// The same with a backing.
  void open_with_backing(std::uint64_t frames);
  /// An accessor that the thread (from 0 on) will use, in the place of its number, or in `place`.
  cleave::Accessor& accessor_for(std::size_t thread, std::size_t space = 0) {
    return accessor_for(thread, space, thread);
  }
  cleave::Accessor& accessor_for(std::size_t thread, std::size_t space, std::size_t place);
  /// What is wrong with all that is there, looked at all at once; nullptr: nothing. No thread may
  /// be about.
  const char* wrong();
  /// Ends every handle and the pool. What is left behind is a finding of the engine's own.
  void close();
  /// Blocks of memory that close() has left.
  [[nodiscard]] std::size_t left_behind() const { return borrowed_.memory().blocks(); }

 private:
  void open(cleave::Pool&& made);

  Borrowed borrowed_;

 public:
  Adapter adapter;
  Kept<cleave::Pool> pool;
  std::array<Kept<cleave::Space>, kMost> spaces;
  std::array<Kept<cleave::Accessor>, kMost> accessors;
  std::array<Kept<cleave::Pin>, kMost> pins;
  std::array<Kept<cleave::Hold>, kMost> holds;
  std::array<Kept<cleave::Snapshot>, kMost> snapshots;
};

/// Through the space itself, under its lock.
Count get(const cleave::Space& space, Address at);
Count get(const cleave::Hold& hold, Address at);
Count get(const cleave::Snapshot& snapshot, Address at);
void put(cleave::Space& space, Address at, Count value);
/// As a device does, through the pin and past everything else.
Count peek(const cleave::Pin& pin, std::size_t at = 0);
void poke(const cleave::Pin& pin, Count value, std::size_t at = 0);

}  // namespace lab::engine
