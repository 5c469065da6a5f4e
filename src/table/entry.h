// An entry of a table node: absent, a node of the level below, or a frame.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/units.h>

namespace cleave::detail {

struct Node;

/// Absent is zero. Bit 0 tells a frame (id in bits 8..39) from a node (its address; nodes are
/// aligned). Bit 1 of a node's entry is the *hint*: something below may be pinned. It is set before
/// the pin counts and cleared by a fork that looked and found none. A hint below means hints all
/// the way up.
enum class Entry : std::uint64_t { absent = 0 };

constexpr std::uint64_t raw(Entry e) { return static_cast<std::uint64_t>(e); }

constexpr bool is_frame(Entry e) { return (raw(e) & 1) != 0; }
constexpr Entry entry_for(FrameId frame) { return Entry{std::uint64_t{raw(frame)} << 8 | 1}; }
/// kZeroFrame for an absent entry: an absent page reads as the zero frame does.
constexpr FrameId frame_of(Entry e) { return FrameId{static_cast<std::uint32_t>(raw(e) >> 8)}; }

inline Entry entry_for(const Node* node) { return Entry{reinterpret_cast<std::uintptr_t>(node)}; }
inline constexpr std::uint64_t kHint = 2;
constexpr bool is_hinted(Entry e) { return (raw(e) & kHint) != 0; }
constexpr Entry with_hint(Entry e) { return Entry{raw(e) | kHint}; }
constexpr Entry without_hint(Entry e) { return Entry{raw(e) & ~kHint}; }

/// nullptr for an absent entry.
inline Node* node_of(Entry e) { return reinterpret_cast<Node*>(raw(without_hint(e))); }

template <>
inline constexpr bool sync::holds_address<Entry> = true;

}  // namespace cleave::detail
