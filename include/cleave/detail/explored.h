// What an explored build tells its scheduler. Production builds see empty types and constants: all of
// this folds away.
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
  /// Where not null: the operation is enabled only when `enabled(context)` is true, and the scheduler
  /// lets announce() return only then.
  bool (*enabled)(const void* context) = nullptr;
  const void* context = nullptr;
};

/// Chooses who runs. One per exploring OS thread; threads of control are its fibers.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// Returns when the calling thread of control may perform `operation`.
  virtual void announce(const Operation& operation) = 0;
  /// Whether the fence or re-check called `name` is performed in this run.
  virtual bool performs(const char* name) = 0;
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

/// Names the program's memory: bytes from `base` on get locations by their offset, not their address.
void register_memory(const void* base, std::uint64_t bytes) noexcept;
std::uint64_t memory_location(const void* address) noexcept;

inline void announce(const Operation& operation) {
  if (Scheduler* s = scheduler()) s->announce(operation);
}
inline bool performs(const char* name) {
  Scheduler* s = scheduler();
  return s == nullptr || s->performs(name);
}

#else

struct Location {
  static constexpr std::uint64_t id = 0;
};
constexpr void register_memory(const void*, std::uint64_t) {}
constexpr std::uint64_t memory_location(const void*) { return 0; }
constexpr void announce(const Operation&) {}

// A test build may leave out one named fence, wait or re-check (CLEAVE_DROP="name"), and a stress test must
// then find a broken promise: a check that cannot fail is none.
#ifdef CLEAVE_DROP
constexpr bool performs(std::string_view name) { return name != CLEAVE_DROP; }
#else
constexpr bool performs(std::string_view) { return true; }
#endif

#endif

}  // namespace cleave::detail::sync
