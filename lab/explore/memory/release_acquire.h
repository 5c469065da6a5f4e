// Release and acquire with views: C++'s memory model as repaired by RC11, without load buffering.
//
// A store leaves a message in the order of its location, anywhere behind what its thread knows of
// there. A load reads any message that is not older than that. What a thread knows are the events
// that happened before its next one: its own, and what it acquired. docs/explanation/explorer.md
// says what this leaves out.
//
// This is the machine alone: which message is read, and where one is put, its user chooses among
// those that may be. There always is one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "lab/explore/memory/events.h"
#include "lab/explore/memory/plain_accesses.h"
#include "lab/explore/memory/strong_order.h"

namespace lab::explore {

class ReleaseAcquire {
 public:
  static constexpr int kNoThread = -1;

  void clear();
  /// A thread begins; it knows what its starter knows. kNoThread: nobody has started it.
  void begin(int thread, int starter);
  /// The next location, with what lies there from the start, or was laid there by that thread when
  /// it made it.
  void add(std::uint64_t bits, int maker);
  /// What lies there from the start, until something else is stored.
  void set_up(std::uint32_t location, std::uint64_t bits) {
    locations_[location].messages.front().bits = bits;
  }

  /// What a thread is about to do.
  struct Access {
    int thread;
    std::uint32_t location;
    Order order;
    const char* label = "";
  };

  // Which messages: places in the location's order, the newest first; never none.

  /// That a load may read. Good until the next call.
  std::span<const std::uint32_t> readable(const Access& access);
  /// That a read-modify-write may read and follow at once.
  std::span<const std::uint32_t> updatable(const Access& access);
  /// That a store may be put behind.
  std::span<const std::uint32_t> followable(const Access& access);

  /// Reads that message.
  std::uint64_t read(const Access& access, std::uint32_t message);
  /// Puts a message behind that one.
  void write(const Access& access, std::uint32_t behind, std::uint64_t bits);
  /// Reads that message and puts one behind it: nothing can come between.
  std::uint64_t update(const Access& access, std::uint32_t message, std::uint64_t bits);

  /// The newest, read as by one who holds a lock for reading, and overwritten as by one who holds
  /// it for writing: who writes comes after all who have read before, and knows what they knew.
  std::uint64_t read_locked(const Access& access);
  void write_locked(const Access& access, std::uint64_t bits);
  /// The end of what a thread did so since its last fence: a fence, and all of it is passed on.
  void end_locked(int thread, const char* label);

  void fence(int thread, Order order, const char* label);
  /// A sequentially consistent fence of all these threads: membarrier(2).
  void fence_of_all(std::span<const int> threads, const char* label);
  /// What is released and acquired with a lock: whoever takes it knows what its last holder knew.
  void lock(const Access& access);
  void unlock(const Access& access);

  /// An earlier event that races with the access: of the same location, neither before the other,
  /// one of them not atomic, one of them a write.
  [[nodiscard]] const MemoryEvent* race(const Access& access, bool writes) const;
  /// What is no location, and not atomic: an access, a look at whether one that is atomic may be
  /// there, or the end of so many bytes. Gives an earlier access that it races with; nullptr: none.
  const PlainAccess* plain(int thread, std::uintptr_t at, bool writes, const char* label);
  const PlainAccess* plain_look(int thread, std::uintptr_t at, bool writes, const char* label);
  const PlainAccess* plain_end(int thread, std::uintptr_t at, std::size_t bytes, const char* label);
  /// Whether the thread's latest event was a sequentially consistent fence.
  [[nodiscard]] bool fenced(int thread) const { return of(thread).fenced; }

  [[nodiscard]] const std::vector<MemoryEvent>& events() const { return events_; }
  [[nodiscard]] const Location& at(std::uint32_t location) const { return locations_[location]; }

 private:
  struct Thread {
    View view;      // what happened before its next event
    View acquired;  // what it will know once it has fenced: it was read by relaxed loads
    View released;  // what its relaxed stores pass on: what it knew at its last releasing fence
    std::uint32_t events = 0;
    bool fenced = false;  // nothing came after a sequentially consistent fence
  };

  Thread& of(int thread) { return threads_[static_cast<std::size_t>(thread)]; }
  [[nodiscard]] const Thread& of(int thread) const {
    return threads_[static_cast<std::size_t>(thread)];
  }
  [[nodiscard]] std::uint32_t oldest_known(int thread, const Location& location) const;
  [[nodiscard]] bool is_followed_at_once(const Location& location, std::uint32_t message) const;
  // The event that an access would be if it read that message, or did not.
  [[nodiscard]] MemoryEvent event(const Access& access, bool writes, const Message* read) const;
  MemoryEvent& commit(MemoryEvent event, std::uint32_t rank, const Message* read);
  void insert(Location& location, std::uint32_t place, Message message);
  View released_by(const MemoryEvent& event, const View* of_last) const;

  std::array<Thread, View::kThreads> threads_;
  std::vector<Location> locations_;
  std::vector<MemoryEvent> events_;
  std::vector<std::uint32_t> candidates_;
  std::uint32_t fences_of_all_ = 0;
  StrongOrder strong_{events_, locations_};
  PlainAccesses plain_;
};

}  // namespace lab::explore
