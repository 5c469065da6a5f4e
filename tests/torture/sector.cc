#include "tests/torture/sector.h"

#include <algorithm>

namespace cleave::torture {
namespace {

constexpr unsigned kProofShift = 44;

constexpr std::uint64_t word(std::uint64_t proof, Generation generation, Sequence sequence) {
  return proof << kProofShift | std::uint64_t{generation & 0xfff} << 32 | sequence;
}

std::uint64_t proof(Identity identity, unsigned index) {
  if (index == 0) return identity.bits;
  return (std::uint64_t{identity.bits} * kWords + index) * 0x9e37'79b9'7f4a'7c15u >> kProofShift;
}

// A word by itself: it must be one of those that make_sector() gives, for any generation and
// sequence.
bool is_genuine(std::uint64_t seen, Identity identity, unsigned index) {
  if (index + 1 == kWords) {
    return seen == make_sector(identity, generation_in(seen), sequence_in(seen))[index];
  }
  return seen >> kProofShift == proof(identity, index);
}

bool may_be(std::uint64_t seen, Identity identity, unsigned index, const Allowed& allowed) {
  if (seen == 0) return !allowed.known || allowed.low == 0;
  if (!is_genuine(seen, identity, index) || sequence_in(seen) > allowed.high) return false;
  return !allowed.known ||
         (generation_in(seen) == (allowed.generation & 0xfff) && sequence_in(seen) >= allowed.low);
}

// Neither devices nor memcpy promise to move words in one piece: each byte is from some allowed
// write.
bool may_be_bytes_of(std::uint64_t seen, Identity identity, unsigned index,
                     const Allowed& allowed) {
  constexpr Sequence kMost = 4096;
  if (!allowed.known || allowed.high - allowed.low > kMost) return true;
  std::uint64_t unexplained = ~std::uint64_t{0};
  for (Sequence s = allowed.low; s <= allowed.high && unexplained != 0; ++s) {
    const std::uint64_t one = s == 0 ? 0 : make_sector(identity, allowed.generation, s)[index];
    for (unsigned byte = 0; byte < 8; ++byte) {
      const std::uint64_t mask = std::uint64_t{0xff} << 8 * byte;
      if (((seen ^ one) & mask) == 0) unexplained &= ~mask;
    }
  }
  return unexplained == 0;
}

}  // namespace

Sector make_sector(Identity identity, Generation generation, Sequence sequence) {
  Sector sector;
  std::uint64_t sum = 0;
  for (unsigned i = 0; i + 1 < kWords; ++i) {
    sector[i] = word(proof(identity, i), generation, sequence);
    sum = (sum ^ sector[i]) * 0xff51'afd7'ed55'8ccdu;
  }
  sector[kWords - 1] = word(sum >> kProofShift, generation, sequence);
  return sector;
}

std::optional<Difference> check_sector(const Sector& seen, Identity identity,
                                       const Allowed& allowed) {
  if (allowed.known && allowed.low == allowed.high) {
    const Sector expected =
        allowed.low == 0 ? Sector{} : make_sector(identity, allowed.generation, allowed.low);
    if (seen == expected) return std::nullopt;
    Difference difference{"not what was last written there", kWords, 0, 0};
    for (unsigned i = 0; i < kWords; ++i) {
      if (seen[i] == expected[i]) continue;
      difference.bytes += sizeof seen[i];
      if (difference.word == kWords) difference.word = i, difference.seen = seen[i];
    }
    return difference;
  }

  const bool in_words = allowed.writer == Writer::words ||
                        (allowed.writer == Writer::whole && allowed.view == View::moment);
  for (unsigned i = 0; i < kWords; ++i) {
    if (may_be(seen[i], identity, i, allowed)) continue;
    if (!in_words && may_be_bytes_of(seen[i], identity, i, allowed)) continue;
    return Difference{"a word that no thread can have written by then, or that was written over", i,
                      seen[i], kSectorBytes};
  }
  if (!allowed.known || allowed.view != View::moment || allowed.writer == Writer::device) {
    return std::nullopt;
  }
  for (unsigned i = 1, cuts = 0; i < kWords; ++i) {
    if (seen[i] == 0 ? seen[i - 1] == 0 : sequence_in(seen[i]) == sequence_in(seen[i - 1])) {
      continue;
    }
    const bool is_the_write_before =
        seen[i] == 0 || sequence_in(seen[i]) + 1 == sequence_in(seen[i - 1]);
    if (allowed.writer == Writer::whole || ++cuts > 1 || !is_the_write_before) {
      return Difference{"a moment that shows parts of more writes than were under way", i, seen[i],
                        kSectorBytes};
    }
  }
  return std::nullopt;
}

}  // namespace cleave::torture
