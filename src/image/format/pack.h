// A pack: frames, and an index of the objects in them at its end.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "image/format/bytes.h"
#include "image/format/id.h"

namespace cleave::detail::image {

/// Makes each pack's bytes its own, and so its name, which never comes again once it is removed.
using Nonce = std::array<std::byte, 16>;

inline constexpr std::size_t kPackHeader = 8 + sizeof(Nonce);
inline constexpr std::size_t kPackTrailer = 64;
inline constexpr std::size_t kIndexEntry = 48;
/// A pack is closed when it has so much in it ...
inline constexpr std::uint64_t kFullPack = std::uint64_t{8} << 20;
/// ... and none is larger.
inline constexpr std::uint64_t kMostPack = std::uint64_t{16} << 20;

/// Where an object is: a frame of a pack, and a part of its plain bytes.
struct IndexEntry {
  ImageId id;
  std::uint32_t frame = 0;   ///< where the frame begins in the pack
  std::uint32_t length = 0;  ///< how long the frame is
  std::uint32_t at = 0;      ///< where the object begins in its plain bytes
  std::uint32_t size = 0;    ///< how long it is
};

using Index = std::vector<IndexEntry>;

/// Where the index lies.
struct Trailer {
  std::uint64_t offset = 0;
  std::uint64_t count = 0;
  ImageId hash;
};

Bytes pack_header(const Nonce& nonce);
/// Index and trailer, for a pack whose frames end at `offset`. Sorts the index.
Bytes encode_index(Index& index, std::uint64_t offset);
/// Nothing where the last kPackTrailer bytes of a pack of `size` bytes are damaged.
std::optional<Trailer> decode_trailer(View bytes, std::uint64_t size);
/// Nothing where the bytes are not those that the trailer names, or lead outside of the pack.
std::optional<Index> decode_index(View bytes, const Trailer& trailer);
/// The index of a pack, made again of its frames, as far as they are whole. `damaged`: not all of
/// the bytes were frames, index and trailer.
Index rebuild_index(View pack, bool& damaged);

}  // namespace cleave::detail::image
