// The root of a repository: the one value that changes, as a whole (lab/repository).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "image/format/bytes.h"

namespace cleave::detail::image {

/// Says whose push made a ref what it is, so that an answer that was lost can be found out.
using PushId = std::array<std::byte, 16>;

struct RefRecord {
  ImageId commit;
  std::uint64_t generation = 0;
  PushId push{};
};

/// A pack that nothing needed when it was looked at.
struct UnneededPack {
  enum class State : std::uint8_t {
    candidate,  ///< may be needed again: a push that has not swapped yet may have put it
    condemned,  ///< for ever; no push uses it, and it may be gone at any time
  };
  State state = State::candidate;
  std::uint64_t round = 0;  ///< the collector's, in which it became that
};

struct Root {
  std::uint64_t round = 0;  ///< of the collector
  std::map<std::string, RefRecord, std::less<>> refs;
  std::map<ImageId, UnneededPack> unneeded;

  [[nodiscard]] bool condemns(const ImageId& pack) const {
    const auto found = unneeded.find(pack);
    return found != unneeded.end() && found->second.state == UnneededPack::State::condemned;
  }
};

inline constexpr std::size_t kMostRefs = 65536;
inline constexpr std::size_t kMostUnneeded = std::size_t{1} << 20;
inline constexpr std::size_t kMostRefName = 200;

/// Whether it is a ref's name: parts of [A-Za-z0-9._-] between single slashes, none of which begins
/// with a dot or a dash; and not an id.
bool is_ref_name(std::string_view name);

Bytes encode(const Root& root);
/// Nothing where the bytes are damaged.
std::optional<Root> decode_root(View bytes);

}  // namespace cleave::detail::image
