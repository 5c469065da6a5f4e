#include "sync/process.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cstring>
#include <new>
#include <utility>

#include "sync/memory.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18  // Linux 4.14
#endif

namespace cleave::detail::sync {
namespace {

constexpr std::size_t kExtent = std::size_t{64} << 10;
constexpr std::size_t kHead = 64;  // of an extent: what links it, and keeps blocks aligned

struct FreeBlock {
  FreeBlock* next;
};

/// What a child begins anew. Zeroes are its first state.
struct Home {
  std::atomic<std::uint64_t> process_number{0};
  mutex fault_watches;
  mutex shared_descriptors;
  mutex wiped_blocks;
  mutex heaps;
  FreeBlock* free = nullptr;   // these three with `wiped_blocks`
  std::byte* fresh = nullptr;  // never handed out, up to `fresh_end`
  std::byte* fresh_end = nullptr;
};

/// Where the kernel wipes nothing (before Linux 4.14, and some that only look like Linux), or has
/// no page for us: then a child wipes by itself.
Home ordinary_home;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
struct Extent {
  Extent* next;
};
constinit std::atomic<Extent*> ordinary_extents{nullptr};

constinit std::atomic<Home*> home_here{nullptr};
constinit std::atomic<std::uint64_t> processes{0};  // numbers given out, here and in ancestors

// Before fork(2) returns in the child. clone(2) calls nobody, so that its children learn nothing.
void wipe_ordinary_memory() {
  Extent* extent = ordinary_extents.exchange(nullptr, std::memory_order_relaxed);
  while (extent != nullptr) {
    Extent* const next = extent->next;
    std::memset(static_cast<void*>(extent), 0, kExtent);
    extent = next;
  }
  std::memset(static_cast<void*>(&ordinary_home), 0, sizeof ordinary_home);
}

/// Zeroes that a child finds wiped; nullptr if there are none.
void* map_wiped() noexcept {
  void* at = mmap(nullptr, kExtent, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  if (madvise(at, kExtent, MADV_WIPEONFORK) == 0) return at;
  (void)munmap(at, kExtent);
  return nullptr;
}

// Without a lock, and without a static variable's guard, which is one: a child could find it held.
Home& home() noexcept {
  Home* here = home_here.load(std::memory_order_acquire);
  if (here != nullptr) return *here;
  void* at = map_wiped();
  if (at == nullptr) (void)pthread_atfork(nullptr, nullptr, wipe_ordinary_memory);
  Home* const made = at == nullptr ? &ordinary_home : new (at) Home;
  if (home_here.compare_exchange_strong(here, made, std::memory_order_acq_rel)) return *made;
  if (at != nullptr) (void)munmap(at, kExtent);
  return *here;
}

std::byte* map_extent(const Home& of) noexcept {
  if (&of != &ordinary_home) return static_cast<std::byte*>(map_wiped());
  void* at = mmap(nullptr, kExtent, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  auto* const extent = new (at) Extent{ordinary_extents.load(std::memory_order_relaxed)};
  ordinary_extents.store(extent, std::memory_order_relaxed);  // under the lock of the blocks
  return static_cast<std::byte*>(at);
}

}  // namespace

namespace process {
constinit std::atomic<const std::atomic<std::uint64_t>*> number{&processes};
}

Process Process::current() noexcept {
  std::atomic<std::uint64_t>& here = home().process_number;
  if (process::number.load(std::memory_order_relaxed) != &here) {
    process::number.store(&here, std::memory_order_relaxed);
  }
  std::uint64_t number = here.load(std::memory_order_relaxed);
  if (number == 0) {
    const std::uint64_t fresh = processes.fetch_add(1, std::memory_order_relaxed) + 1;
    if (here.compare_exchange_strong(number, fresh, std::memory_order_relaxed)) number = fresh;
  }
  return Process(number);
}

mutex& process_lock(ProcessLock which) noexcept {
  Home& here = home();
  switch (which) {
    case ProcessLock::fault_watches:
      return here.fault_watches;
    case ProcessLock::shared_descriptors:
      return here.shared_descriptors;
    case ProcessLock::heaps:
      return here.heaps;
    case ProcessLock::wiped_blocks:
      break;
  }
  return here.wiped_blocks;
}

void* allocate_wiped() noexcept {
  if (kExplored) return allocate(kWipedBytes, kHead);  // a run is one process, and locks are steps
  if (allocation_fails()) return nullptr;
  Home& here = home();
  const Guard guard(process_lock(ProcessLock::wiped_blocks));
  if (FreeBlock* const block = here.free; block != nullptr) {
    here.free = block->next;
    return block;
  }
  if (static_cast<std::size_t>(here.fresh_end - here.fresh) < kWipedBytes) {
    std::byte* const extent = map_extent(here);
    if (extent == nullptr) return nullptr;
    here.fresh = extent + kHead;
    here.fresh_end = extent + kExtent;
  }
  return std::exchange(here.fresh, here.fresh + kWipedBytes);
}

void deallocate_wiped(void* block) noexcept {
  if (kExplored) return deallocate(block);
  Home& here = home();
  const Guard guard(process_lock(ProcessLock::wiped_blocks));
  here.free = new (block) FreeBlock{here.free};
}

}  // namespace cleave::detail::sync
