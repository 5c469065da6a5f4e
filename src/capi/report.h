// How results, structures and pointers cross over to C. Names nothing that is compiled, so that a
// library beside this one speaks to C as this one does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <cleave/c.h>
#include <cleave/error.h>

#include "base/fail.h"

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

/// What a function that makes something answers instead of refuse().
inline std::nullptr_t refuse_handle(const char* what, cleave_error* error) noexcept {
  (void)refuse(what, error);
  return nullptr;
}

// A handle that is NULL is nearly always what a call gave whose error nobody looked at.
constexpr const char* text_of_null(const cleave_pool*) { return "the pool is NULL"; }
constexpr const char* text_of_null(const cleave_backing*) { return "the backing is NULL"; }
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

/// Options whose first field says how long the caller believes them to be. Fields that a caller of
/// an earlier version does not know are zero, and those that we do not know have to be.
template <class Options>
Result<Options> known_part(const Options* given) noexcept {
  if (!is_size_of_a_structure(given->size)) {
    return fail(Errc::bad_argument, "set the options' size to their sizeof before the call");
  }
  Options options{};
  std::memcpy(&options, given, std::min(given->size, sizeof options));
  const auto* all = reinterpret_cast<const unsigned char*>(given);
  for (std::size_t i = sizeof options; i < given->size; ++i) {
    if (all[i] != 0) {
      return fail(Errc::bad_argument, "the options have a field that this library does not know");
    }
  }
  return options;
}

}  // namespace cleave::detail::c
