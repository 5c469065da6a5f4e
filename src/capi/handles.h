// What stands behind the handles of c.h, and how they are made.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include <cleave/accessor.h>
#include <cleave/arena.h>
#include <cleave/c.h>
#include <cleave/commit.h>
#include <cleave/error.h>
#include <cleave/heap.h>
#include <cleave/hold.h>
#include <cleave/pin.h>
#include <cleave/pool.h>
#include <cleave/snapshot.h>
#include <cleave/space.h>

#include "capi/report.h"
#include "sync/memory.h"

namespace cleave::detail::c {

inline cleave_code report_no_memory(cleave_error* error) noexcept {
  return report(Error{Errc::no_memory, "out of memory allocating a handle"}, error);
}

/// A handle made of `parts`, or NULL. The parts end with it, the last first.
template <class Handle, class... Parts>
Handle* handle(cleave_error* error, Parts&&... parts) noexcept {
  void* memory = sync::allocate(sizeof(Handle), alignof(Handle));
  if (memory == nullptr) {
    (void)report_no_memory(error);
    return nullptr;
  }
  set_ok(error);
  return new (memory) Handle{std::forward<Parts>(parts)...};
}

/// A handle of what `make()`, a Result, holds; or NULL and the error. The handle's memory comes
/// first: what was made and could not be handed over would be a change that the caller never hears
/// of.
template <class Handle, class Make>
Handle* handle_of(Make make, cleave_error* error) {
  void* memory = sync::allocate(sizeof(Handle), alignof(Handle));
  if (memory == nullptr) {
    (void)report_no_memory(error);
    return nullptr;
  }
  auto made = make();
  if (!made) {
    sync::deallocate(memory);
    (void)report(made.error(), error);
    return nullptr;
  }
  set_ok(error);
  return new (memory) Handle{std::move(*made)};
}

/// Writes `text` as snprintf() would, and gives its length.
std::size_t give_text(std::string_view text, char* into, std::size_t size) noexcept;

inline std::span<std::byte> bytes(void* at, std::size_t size) {
  return {static_cast<std::byte*>(at), size};
}
inline std::span<const std::byte> bytes(const void* at, std::size_t size) {
  return {static_cast<const std::byte*>(at), size};
}

constexpr bool is_protection(cleave_protection p) {
  return p == CLEAVE_NONE || p == CLEAVE_READ || p == CLEAVE_READ_WRITE;
}
static_assert(static_cast<int>(Protection::none) == CLEAVE_NONE);
static_assert(static_cast<int>(Protection::read) == CLEAVE_READ);
static_assert(static_cast<int>(Protection::read_write) == CLEAVE_READ_WRITE);

constexpr bool is_access(cleave_access a) { return a == CLEAVE_PIN_READ || a == CLEAVE_PIN_WRITE; }
static_assert(static_cast<int>(PinAccess::read) == CLEAVE_PIN_READ);
static_assert(static_cast<int>(PinAccess::write) == CLEAVE_PIN_WRITE);

constexpr bool is_term(cleave_term t) { return t == CLEAVE_SHORT_TERM || t == CLEAVE_LONG_TERM; }
static_assert(static_cast<int>(PinTerm::short_term) == CLEAVE_SHORT_TERM);
static_assert(static_cast<int>(PinTerm::long_term) == CLEAVE_LONG_TERM);

inline bool is_tracking(cleave_tracking t) {
  return t >= 0 && static_cast<std::size_t>(t) <= trackings().size();
}
static_assert(static_cast<int>(Tracking::automatic) == CLEAVE_TRACKING_AUTOMATIC);
static_assert(static_cast<int>(Tracking::async) == CLEAVE_TRACKING_ASYNC);
static_assert(static_cast<int>(Tracking::sigbus) == CLEAVE_TRACKING_SIGBUS);
static_assert(static_cast<int>(Tracking::mprotect) == CLEAVE_TRACKING_MPROTECT);
static_assert(static_cast<int>(Tracking::software) == CLEAVE_TRACKING_SOFTWARE);

}  // namespace cleave::detail::c

struct cleave_pool {
  cleave::Pool pool;
};
struct cleave_space {
  cleave::Space space;
};
struct cleave_snapshot {
  cleave::Snapshot snapshot;
};
struct cleave_accessor {
  cleave::Accessor accessor;
};
struct cleave_hold {
  cleave::Hold hold;
};
struct cleave_arena {
  cleave::Arena arena;
};
struct cleave_commit {
  cleave::Commit commit;
};
struct cleave_heap {
  cleave::Heap heap;
};

/// In C, what a device may use is a pin, wherever it lies.
struct cleave_pin {
  std::variant<cleave::Pin, cleave::ArenaPin> pin;
};

/// And a view is a view, whatever it shows.
struct cleave_view {
  std::variant<cleave::PageView, cleave::HoldView> view;
  iovec page{};  ///< a page's view is one piece
};
