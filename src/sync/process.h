// Which process this is. A child of fork(2) has copies of its parent's variables, but neither the
// parent's threads nor the memory of its pools and arenas. It must wait for no thread, take no lock
// and trust nothing that was half done at that moment.
//
// What belongs to one process alone therefore remembers which one. The kernel tells, not we: the
// number lies in memory that it wipes at the fork (MADV_WIPEONFORK), however the fork came about.
// One that shares its parent's memory, as vfork(2) makes it, keeps the number: there all is where
// it was. docs/decisions/0011-children-of-fork.md says why so.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/config.h>

#include "sync/mutex.h"

namespace cleave::detail::sync {

namespace process {
/// Where the number of this process lies; zero until it is asked for. Replaced once, by the first
/// to ask.
extern constinit std::atomic<const std::atomic<std::uint64_t>*> number;
}  // namespace process

class Process {
 public:
  /// The one that calls. Any thread. No lock, and no allocation but a page or two at first.
  static Process current() noexcept;
  /// One that no process is.
  static constexpr Process none() noexcept { return Process(~std::uint64_t{0}); }
  /// What number() gave, for what is kept in memory that is not ours alone.
  static constexpr Process numbered(std::uint64_t number) noexcept { return Process(number); }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

  /// Whether the caller runs in this process. Three loads; safe in a signal handler.
  [[nodiscard]] bool is_here() const noexcept {
    const auto* here = process::number.load(std::memory_order_relaxed);
    return here->load(std::memory_order_relaxed) == number_;
  }

 private:
  explicit constexpr Process(std::uint64_t number) noexcept : number_(number) {}
  std::uint64_t number_;
};

/// Memory that reads as zeroes in a child of fork(2), for what threads look at without asking which
/// process they are in. On a boundary of 64 bytes. nullptr: no memory. Any thread, but in a child
/// only for blocks of the child's own.
inline constexpr std::size_t kWipedBytes = kExplored ? 512 : 192;
void* allocate_wiped() noexcept;
void deallocate_wiped(void* block) noexcept;

/// Locks of the process as a whole. A child of fork(2) finds them free.
enum class ProcessLock : std::uint8_t { wiped_blocks, fault_watches, shared_descriptors, heaps };
mutex& process_lock(ProcessLock which) noexcept;

}  // namespace cleave::detail::sync
