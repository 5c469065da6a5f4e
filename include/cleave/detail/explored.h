// What an explored build tells its scheduler. Production builds see empty types and constants: all
// of this folds away.
//
// The contract: a thread of control announces an operation, the scheduler may run others, and when
// announce() returns the operation is performed at once. So every pending operation is known before
// it happens. Locations are numbered in order of construction, never by address.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace cleave::detail::sync {

#ifdef CLEAVE_EXPLORED
inline constexpr bool kExplored = true;
#else
inline constexpr bool kExplored = false;
#endif

enum class Kind : std::uint8_t {
  load,
  store,
  exchange,
  compare_exchange,
  fetch_add,
  add,    ///< result unused: commutes with other adds to the same location
  fence,  ///< `name` says which; a run can leave it out
  lock,
  unlock,
  wait,         ///< waits for the location to satisfy a predicate
  memory_load,  ///< the program's own bytes in a frame
  memory_store,
  memory_update,
};

struct Operation {
  Kind kind;
  std::uint64_t location = 0;
  std::memory_order order = std::memory_order_relaxed;
  std::uint64_t argument = 0;
  std::uint64_t expected = 0;
  const char* name = "";
  const void* address = nullptr;  ///< of the location; another in every run
  /// Where not null: the operation is enabled only when `enabled(context)` is true, and the
  /// scheduler lets announce() return only then.
  bool (*enabled)(const void* context) = nullptr;
  const void* context = nullptr;
};

/// A store that its thread has made and others do not see yet.
struct DelayedStore {
  void* address;
  std::uint64_t bits;
  void (*perform)(void* address, std::uint64_t bits);
};

/// Chooses which thread runs. One per exploring OS thread; threads of control are its fibers.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// Returns when the calling thread of control may perform `operation`.
  virtual void announce(const Operation& operation) = 0;
  /// Whether the fence or re-check called `name` is performed in this run.
  virtual bool performs(const char* name) = 0;
  /// Whether the store that was just announced stays in the thread's store buffer; the scheduler
  /// then performs it: at the latest before the thread's next store, and where a fence says so.
  virtual bool delays(const DelayedStore& /*store*/) { return false; }
  /// A number for the calling thread of control.
  virtual std::uint64_t self() = 0;
};

#ifdef CLEAVE_EXPLORED

/// The scheduler of this OS thread. Null: operations are performed unannounced.
Scheduler* scheduler() noexcept;
/// Installs `next`, numbers locations from 1 again, gives back what was installed.
Scheduler* install(Scheduler* next) noexcept;
std::uint64_t next_location() noexcept;

struct Location {
  std::uint64_t id = next_location();
};

/// Names the program's memory: bytes from `base` on get locations by their offset, not their
/// address.
void register_memory(const void* base, std::uint64_t bytes) noexcept;
std::uint64_t memory_location(const void* address) noexcept;

inline void announce(const Operation& operation) {
  if (Scheduler* s = scheduler()) s->announce(operation);
}
inline bool performs(const char* name) {
  Scheduler* s = scheduler();
  return s == nullptr || s->performs(name);
}
inline bool delays(const DelayedStore& store) {
  Scheduler* s = scheduler();
  return s != nullptr && s->delays(store);
}

#else

struct Location {
  static constexpr std::uint64_t id = 0;
};
constexpr void register_memory(const void*, std::uint64_t) {}
constexpr std::uint64_t memory_location(const void*) { return 0; }
constexpr void announce(const Operation&) {}
constexpr bool performs(std::string_view) { return true; }
constexpr bool delays(const DelayedStore&) { return false; }

#endif

}  // namespace cleave::detail::sync
