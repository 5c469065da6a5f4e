// Compares everything that has grown with plain copies made from the histories.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/demo/space/diverge.h"

namespace cleave::demo::space {

/// The first byte of something that is not as it should be.
struct Difference {
  std::string of;
  std::uint64_t offset;
  std::byte expected;
  std::byte found;
};

/// Reads the origin, every branch and every snapshot whole, and compares them byte for byte with
/// `file`, the content that the origin was given, edited by each one's history.
std::vector<Difference> check(const Origin& origin, Forest& forest, std::span<const std::byte> file,
                              unsigned threads);

}  // namespace cleave::demo::space
