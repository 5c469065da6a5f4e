// What stands behind the handles of c.h, and how results cross over to C.
#pragma once

#include <cstddef>
#include <cstring>
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

#include "sync/memory.h"

namespace cleave::detail::c {

/// Where nothing failed.
inline void set_ok(cleave_error* error) noexcept {
  if (error != nullptr) *error = {CLEAVE_OK, 0, 0, nullptr};
}

constexpr cleave_code code_of(Errc code) { return static_cast<cleave_code>(code) + 1; }
static_assert(code_of(Errc::no_memory) == CLEAVE_NO_MEMORY);
static_assert(code_of(Errc::not_mapped) == CLEAVE_NOT_MAPPED);
static_assert(code_of(Errc::already_mapped) == CLEAVE_ALREADY_MAPPED);
static_assert(code_of(Errc::not_permitted) == CLEAVE_NOT_PERMITTED);
static_assert(code_of(Errc::bad_argument) == CLEAVE_BAD_ARGUMENT);
static_assert(code_of(Errc::pinned) == CLEAVE_PINNED);
static_assert(code_of(Errc::too_many_pins) == CLEAVE_TOO_MANY_PINS);
static_assert(code_of(Errc::unsupported) == CLEAVE_UNSUPPORTED);
static_assert(code_of(Errc::io) == CLEAVE_IO);
static_assert(code_of(Errc::cancelled) == CLEAVE_CANCELLED);
static_assert(code_of(Errc::already_exists) == CLEAVE_ALREADY_EXISTS);

inline cleave_code report(const Error& failed, cleave_error* error) noexcept {
  if (error != nullptr) {
    *error = {code_of(failed.code), failed.system, raw(failed.where), failed.what};
  }
  return code_of(failed.code);
}
inline cleave_code report(const Result<void>& result, cleave_error* error) noexcept {
  if (!result) return report(result.error(), error);
  set_ok(error);
  return CLEAVE_OK;
}
inline cleave_code refuse(const char* what, cleave_error* error) noexcept {
  return report(Error{Errc::bad_argument, what}, error);
}
inline cleave_code report_no_memory(cleave_error* error) noexcept {
  return report(Error{Errc::no_memory, "out of memory allocating a handle"}, error);
}

/// What a function that makes something answers instead of refuse().
inline std::nullptr_t refuse_handle(const char* what, cleave_error* error) noexcept {
  (void)refuse(what, error);
  return nullptr;
}

// A handle that is NULL is nearly always what a call gave whose error nobody looked at.
constexpr const char* text_of_null(const cleave_pool*) { return "the pool is NULL"; }
constexpr const char* text_of_null(const cleave_space*) { return "the space is NULL"; }
constexpr const char* text_of_null(const cleave_snapshot*) { return "the snapshot is NULL"; }
constexpr const char* text_of_null(const cleave_accessor*) { return "the accessor is NULL"; }
constexpr const char* text_of_null(const cleave_hold*) { return "the hold is NULL"; }
constexpr const char* text_of_null(const cleave_arena*) { return "the arena is NULL"; }
constexpr const char* text_of_null(const cleave_commit*) { return "the commit is NULL"; }
template <class... Arguments>
constexpr const char* text_of_null(void (*)(Arguments...)) {
  return "the visitor is NULL";
}
constexpr const char* text_of_null(const void*) {
  return "a pointer to what the function reads or writes is NULL";
}

/// What to say of the first pointer that is NULL; nullptr: none is.
template <class... Pointers>
constexpr const char* null_among(Pointers... pointers) {
  const char* text = nullptr;
  (void)((pointers == nullptr && (text = text_of_null(pointers)) != nullptr) || ...);
  return text;
}
/// The same of memory, which may be NULL where there are no bytes.
constexpr const char* null_memory(const void* memory, std::size_t bytes) {
  return bytes == 0 ? nullptr : null_among(memory);
}

/// Whether a structure may be that long, in this version or a later one: more is no size that
/// anybody has set.
constexpr bool is_size_of_a_structure(std::size_t size) {
  return size >= sizeof(std::size_t) && size <= 4096;
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

/// Copies a structure of figures, whose first field says how long the caller believes it to be.
template <class Figures>
cleave_code give_figures(Figures figures, Figures* into, cleave_error* error) noexcept {
  const std::size_t size = into->size;
  if (!is_size_of_a_structure(size)) {
    return refuse("set the structure's size to its sizeof before the call", error);
  }
  figures.size = size;
  auto* bytes = reinterpret_cast<unsigned char*>(into);
  const std::size_t known = size < sizeof figures ? size : sizeof figures;
  std::memcpy(bytes, &figures, known);
  std::memset(bytes + known, 0, size - known);
  set_ok(error);
  return CLEAVE_OK;
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
