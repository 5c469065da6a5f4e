// An entry of a table node: absent, a node of the level below, or a frame.
#pragma once

#include <cstdint>

#include "cleave/base/units.h"
#include "cleave/sync/atomic.h"

namespace cleave {

struct Node;

/// Absent is zero. Bit 0 tells a frame (id in bits 8..39) from a node (its address; nodes are aligned).
enum class Entry : std::uint64_t { absent = 0 };

constexpr std::uint64_t raw(Entry e) { return static_cast<std::uint64_t>(e); }

constexpr bool is_frame(Entry e) { return (raw(e) & 1) != 0; }
constexpr Entry entry_for(FrameId frame) { return Entry{std::uint64_t{raw(frame)} << 8 | 1}; }
/// kZeroFrame for an absent entry: an absent page reads as the zero frame does.
constexpr FrameId frame_of(Entry e) { return FrameId{static_cast<std::uint32_t>(raw(e) >> 8)}; }

inline Entry entry_for(const Node* node) { return Entry{reinterpret_cast<std::uintptr_t>(node)}; }
/// nullptr for an absent entry.
inline Node* node_of(Entry e) { return reinterpret_cast<Node*>(raw(e)); }

template <>
inline constexpr bool sync::holds_address<Entry> = true;

}  // namespace cleave
