// The engine's explored build under the explorer: each operation becomes a step of the thread that
// asks for it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <cleave/detail/explored.h>

#include "frames/frames.h"
#include "lab/engine/seam/location.h"
#include "lab/engine/seam/run_memory.h"

namespace lab::engine {

namespace sync = cleave::detail::sync;

/// What stands in a trace for the operation.
const char* label_of(const sync::Operation& operation);
/// Whether a memory_read or memory_write is of one aligned word, and of other bytes than its own.
bool moves_a_word(const sync::Operation& operation);

/// The machine that a run believes itself on.
struct Machine {
  bool has_membarrier = true;
};

/// Made for one run, before its threads. What the engine does outside of the program's threads is
/// performed at once.
class Adapter final : public sync::Scheduler {
 public:
  static constexpr std::size_t kGrain = 4;  // no two locations of the run's memory in one

  Adapter(RunMemory& memory, const Machine& machine);
  ~Adapter() override;
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;

  /// Until further notice, what is done outside of all threads is done for this one; 0: for none.
  void act_for(std::uint64_t thread) { acting_ = thread; }
  /// Accesses to frames of this pool that are free are findings; null: no longer.
  void watch(const cleave::detail::Frames* frames) { frames_ = frames; }
  /// What went wrong where no thread could be stopped; empty: nothing.
  [[nodiscard]] const std::string& late_finding() const { return late_finding_; }

  std::uint64_t perform(const sync::Operation& operation) override;
  bool performs(const char* name) override;
  std::uint64_t self() override;
  bool has_membarrier() override { return machine_.has_membarrier; }
  void* allocate(std::size_t bytes, std::size_t alignment) override;
  void deallocate(void* memory) override;
  void made(void* at, std::size_t size, bool holds_address) override;
  void plain(const void* field, bool writes, sync::Line where) override;
  void broken(const char* file, int line, const char* text) override;

  /// `location` holds `bits` now; its store came out of the buffer of thread `from`, if one is.
  void follow(const Location& location, std::uint64_t bits, int from);

 private:
  static constexpr std::size_t kMostThreads = 8;

  // What is known about the engine's memory, and is no part of it.
  struct Note : explore::Shared<std::uint64_t> {
    explicit Note(const char* name) : Shared(name) { is_beside_memory(); }
  };

  // The bytes of 4 KiB, beside their words: whole-page accesses conflict with those of words.
  struct Page {
    // Written by writes of many bytes, and where the page is taken or given back; read by every
    // other access.
    Note whole{"page"};
    Note words{"page's words"};  // added to by stores of words, read by reads of many bytes
    std::vector<Location*> known;
  };

  std::uint64_t look(const sync::Operation& operation);
  std::uint64_t store(const sync::Operation& operation);
  std::uint64_t update(const sync::Operation& operation);
  std::uint64_t wait(const sync::Operation& operation);
  std::uint64_t lock(const sync::Operation& operation);
  void fence(const sync::Operation& operation);
  std::uint64_t move_bytes(const sync::Operation& operation);
  void touch_page(const sync::Operation& operation);

  // The same under ra; weak_adapter.cc.
  std::uint64_t perform_weakly(const sync::Operation& operation);
  std::uint64_t load_weakly(const sync::Operation& operation);
  void store_weakly(const sync::Operation& operation);
  std::uint64_t update_weakly(const sync::Operation& operation);
  std::uint64_t wait_weakly(const sync::Operation& operation);
  void lock_weakly(const sync::Operation& operation);
  void fence_weakly(const sync::Operation& operation);
  void move_bytes_weakly(const sync::Operation& operation);
  void end_weakly(const void* block);
  void bytes_move(const sync::Operation& operation, bool writes);
  void word_is_used(const sync::Operation& operation);

  Location& at(const sync::Operation& operation);
  Page& page_at(const void* address);
  [[nodiscard]] std::uint64_t inward(std::uint64_t bits, bool is_address) const;
  [[nodiscard]] std::uint64_t outward(std::uint64_t bits, bool is_address) const;
  void check_use(const sync::Operation& operation);
  [[nodiscard]] const char* misuse(const void* address) const;
  void note_life(const Location& state, std::uint64_t bits);
  void tell(const sync::Operation& operation, std::uint64_t before, std::uint64_t after);

  RunMemory& memory_;
  const Machine machine_;
  const bool buffers_;
  const bool weak_;  // under ra
  std::uint64_t acting_ = 0;
  const cleave::detail::Frames* frames_ = nullptr;
  std::string late_finding_;

  std::deque<Location> locations_;
  std::vector<std::uint16_t>& index_;  // by grain of the run's memory: 1 + place in locations_
  std::vector<std::pair<void*, Location*>> elsewhere_;
  std::deque<Page> pages_;
  std::array<std::uint8_t, RunMemory::kBytes / 4096> page_index_{};  // 1 + place in pages_
  // Of a thread: its stores that wait, and heavy fences that have passed.
  std::deque<Note> waiting_;
  std::deque<Note> passed_;
};

}  // namespace lab::engine
