// A commit's bytes.
#pragma once

#include <optional>

#include <cleave/image/record.h>

#include "image/format/bytes.h"

namespace cleave::detail::image {

/// No object is larger.
inline constexpr std::uint64_t kMostObject = std::uint64_t{1} << 20;

inline constexpr std::size_t kMostParents = 16;
inline constexpr std::size_t kMostRegions = 32768;
inline constexpr std::size_t kMostModules = 256;
inline constexpr std::size_t kMostModuleName = 1024;
inline constexpr std::size_t kMostMessage = 4096;
inline constexpr std::size_t kMostPayload = 65536;

/// Whether what it says can be so: counts within bounds, regions in order and inside of a space, an
/// arena of one region.
bool holds(const ImageRecord& record);

/// Precondition: it holds.
Bytes encode(const ImageRecord& record);
/// Nothing where the bytes are no commit that holds.
std::optional<ImageRecord> decode_commit(View bytes);

}  // namespace cleave::detail::image
