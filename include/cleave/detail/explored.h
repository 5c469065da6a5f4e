// The seam between the engine and who runs it in an explored build. Production builds see empty
// types and constants: all of this folds away.
//
// The contract: a thread of control hands each operation to the scheduler, which may let others run
// first, performs it, and gives back what was there. So every pending operation is known before it
// happens, and what a load sees is the scheduler's to say: a store may stay in a buffer that it
// keeps. Without a scheduler operations are performed as in any build.
#pragma once

#include <atomic>
#include <cstddef>
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
  compare_exchange,  ///< stores the argument if what is there is `expected`
  fetch_add,
  add,          ///< its result is unused: it commutes with other adds to the same location
  light_fence,  ///< the cheap side of an asymmetric pair, or, without membarrier(2), a full fence
  heavy_fence,  ///< the dear side
  lock,
  unlock,
  wait,         ///< returns when `enabled` holds of what is there
  memory_load,  ///< the program's own bytes in a frame
  memory_store,
  memory_exchange,
  memory_compare_exchange,
  memory_fetch_add,
  memory_read,   ///< `size` bytes, not as one, go to `other`
  memory_write,  ///< `size` bytes come from `other`; zeroes, where that is null
};

/// Where in the sources an operation is asked for.
#ifdef CLEAVE_EXPLORED
struct Line {
  constexpr explicit Line(const char* in = __builtin_FILE(), unsigned at = __builtin_LINE(),
                          const char* by = __builtin_FUNCTION()) noexcept
      : file(in), line(at), function(by) {}
  const char* file;
  unsigned line;
  const char* function;
};
#else
struct Line {};
#endif

struct Operation {
  Kind kind;
  std::memory_order order = std::memory_order_relaxed;
  /// Of a value that is an address, so differs from process to process.
  bool holds_address = false;
  std::size_t size = 0;        ///< of what is at `address`, in bytes
  void* address = nullptr;     ///< of the location
  void* other = nullptr;       ///< of a memory_read, memory_write: the caller's own memory
  std::uint64_t argument = 0;  ///< the bits to store or to add
  std::uint64_t expected = 0;  ///< of a compare-exchange
  const char* name = "";       ///< of a fence or a wait
  bool asymmetric = true;      ///< of a fence: whether there is membarrier(2)
  Line where = Line();
  /// Of a wait and a lock: whether it can go on where `bits` are there.
  bool (*enabled)(const void* context, std::uint64_t bits) = nullptr;
  const void* context = nullptr;
};

#ifdef CLEAVE_EXPLORED

/// Runs threads of control, which are fibers of one OS thread, and performs what they ask for.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// Performs `operation` once its turn has come. Gives the bits that were there.
  virtual std::uint64_t perform(const Operation& operation) = 0;
  /// Whether the fence, wait or re-check called `name` is performed in this run.
  virtual bool performs(const char* name) = 0;
  /// A number for the calling thread of control.
  virtual std::uint64_t self() = 0;
  /// Whether this machine has membarrier(2).
  virtual bool has_membarrier() { return true; }
  /// Memory for the engine, at the same addresses in equal runs. nullptr: there is none.
  virtual void* allocate(std::size_t bytes, std::size_t alignment);
  virtual void deallocate(void* memory);
  // What is no operation, and lets no other thread run; a use that nothing orders with another
  // thread's is a finding.
  /// An atomic of so many bytes was made here.
  virtual void made(void* at, std::size_t size, bool holds_address) {
    (void)at, (void)size, (void)holds_address;
  }
  /// A field that is not atomic is read, or written.
  virtual void plain(const void* field, bool writes, Line where) {
    (void)field, (void)writes, (void)where;
  }
  /// A check of the engine's has failed. Where this returns, the process ends.
  virtual void broken(const char* file, int line, const char* text) {
    (void)file, (void)line, (void)text;
  }
};

/// The scheduler of this OS thread. Null: none.
Scheduler* scheduler() noexcept;
/// Installs `next`, gives back what was installed.
Scheduler* install(Scheduler* next) noexcept;

/// For schedulers: what an operation makes of the bits that are there.
std::uint64_t after(const Operation& operation, std::uint64_t now) noexcept;
/// For schedulers: performs a load, a store or an update on the bytes themselves, at once. Gives
/// what was there.
std::uint64_t carry_out(const Operation& operation) noexcept;
/// The bits that are there.
std::uint64_t bits_at(const void* address, std::size_t size) noexcept;
void put_bits(void* address, std::size_t size, std::uint64_t bits) noexcept;

inline bool performs(const char* name) {
  Scheduler* s = scheduler();
  return s == nullptr || s->performs(name);
}

#else

constexpr bool performs(std::string_view) { return true; }

#endif

/// What a scheduler has answered, if there is one.
struct Answer {
  bool given = false;
  std::uint64_t bits = 0;
};

#ifdef CLEAVE_EXPLORED
inline Answer ask(const Operation& operation) {
  Scheduler* s = scheduler();
  return s == nullptr ? Answer{} : Answer{true, s->perform(operation)};
}
#else
constexpr Answer ask(const Operation& /*operation*/) { return {}; }
#endif

}  // namespace cleave::detail::sync
