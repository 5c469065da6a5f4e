// What the torture writes: sectors of 512 bytes in which every word says where it belongs, to whom,
// and which write it comes from.
//
// A word is {proof, 20 bits; generation, 12 bits; sequence number, 32 bits}. The proof of the first
// word is the sector's identity (board, page, sector, owner), of the last a checksum over the words
// before it, of the others a hash of identity and index. The generation is that of the page's
// mapping: it changes when the page is unmapped or discarded. A sector of zeroes has never been
// written in this generation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include <cleave/units.h>

namespace cleave::torture {

inline constexpr std::size_t kSectorBytes = 512;
inline constexpr unsigned kSectorsInPage = kPageSize / kSectorBytes;
inline constexpr unsigned kWords = kSectorBytes / sizeof(std::uint64_t);

using Sector = std::array<std::uint64_t, kWords>;
using Sequence = std::uint32_t;
using Generation = std::uint32_t;

/// Who writes to a sector, and how.
enum class Writer : std::uint8_t {
  device,  ///< only ever read from a file
  words,   ///< by a thread, word after word, each in one piece: a moment shows at most one cut
  whole,   ///< by a thread, in one Accessor::write: no moment shows a part
};

struct Place {
  unsigned board;
  unsigned page;
  unsigned sector;
};

struct Identity {
  std::uint32_t bits;  // 20: board 4, page 8, sector 3, owner 5
  constexpr Identity(Place place, unsigned owner)
      : bits(place.board << 16 | place.page << 8 | place.sector << 5 | owner) {}
};

Sector make_sector(Identity identity, Generation generation, Sequence sequence);

/// How a thread looked at a sector.
enum class View : std::uint8_t {
  moment,  ///< all of it at once: a fork, a snapshot, a hold
  passing  ///< word after word, or as a device does, while its writer may be at work
};

/// What may be seen.
struct Allowed {
  Writer writer;
  View view;
  bool known;  ///< generation and `low` are certain; else zeroes or anything up to `high`
  Generation generation;
  Sequence low;   ///< the last write that had ended before the look began; 0: zeroes
  Sequence high;  ///< the last write that had begun when the look ended
};

struct Difference {
  const char* what;
  unsigned word;
  std::uint64_t seen;
  unsigned bytes;  ///< how many are not what they may be
};

/// Nothing: what is seen is allowed.
std::optional<Difference> check_sector(const Sector& seen, Identity identity,
                                       const Allowed& allowed);

constexpr Sequence sequence_in(std::uint64_t word) { return static_cast<Sequence>(word); }
constexpr Generation generation_in(std::uint64_t word) { return word >> 32 & 0xfff; }

inline Sector sector_at(const std::byte* bytes) {
  Sector sector;
  std::memcpy(sector.data(), bytes, kSectorBytes);
  return sector;
}

}  // namespace cleave::torture
