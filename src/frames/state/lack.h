// What an operation lacks that cannot be had under its locks, but can be once they are released: a
// free slot, for which some page has to go, the bytes of a page that is away, or a turn at one that
// many others bring.
//
// Such an operation fails with an error that no user sees: it is undone, the locks are released,
// Frames::provide() gets what was lacking, and the operation is tried again. (A page fault in the
// kernel does the same, and calls it VM_FAULT_RETRY.)
#pragma once

#include <cstdint>

#include <cleave/error.h>
#include <cleave/units.h>

namespace cleave::detail::lack {

// Known by their addresses: arrays, since a literal may lie in several places.
inline constexpr char kMemory[] = "the pool has no free page just now";
inline constexpr char kTurn[] = "as many threads want the page as can be counted just now";
inline constexpr char kBytes[] = "the page is not in memory just now";

[[gnu::cold]] inline tl::unexpected<Error> memory() noexcept {
  return tl::unexpected(Error{Errc::no_memory, kMemory});
}
[[gnu::cold]] inline tl::unexpected<Error> turn() noexcept {
  return tl::unexpected(Error{Errc::no_memory, kTurn});
}
/// The caller wires `frame`, and whoever gets the error lets go, as Provided does.
[[gnu::cold]] inline tl::unexpected<Error> bytes(FrameId frame) noexcept {
  return tl::unexpected(Error{Errc::io, kBytes, {}, static_cast<int>(raw(frame))});
}

[[nodiscard]] inline bool is_memory(const Error& e) noexcept { return e.what == kMemory; }
[[nodiscard]] inline bool is_turn(const Error& e) noexcept { return e.what == kTurn; }
[[nodiscard]] inline bool is_bytes(const Error& e) noexcept { return e.what == kBytes; }
[[nodiscard]] inline FrameId frame(const Error& e) noexcept {
  return FrameId{static_cast<std::uint32_t>(e.system)};
}

}  // namespace cleave::detail::lack
