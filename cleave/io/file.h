// Reading and writing files in one call.
#pragma once

#include <cstdint>

#include "cleave/base/error.h"
#include "cleave/base/units.h"
#include "cleave/io/ring.h"
#include "cleave/space/space.h"

namespace cleave {

/// Reads `bytes` bytes at `offset` of the file into the space, and waits until they are there. How many
/// there were: fewer only where the file ended. Errors, and what has changed then: see Ring::start_read and
/// Completion.
inline Result<ByteCount> read_file(Ring& ring, Space& space, Address to, int descriptor,
                                   std::uint64_t offset, ByteCount bytes) {
  const auto token = ring.start_read(space, to, descriptor, offset, bytes);
  if (!token) return tl::unexpected(token.error());
  return ring.wait_for(*token);
}

/// Writes `bytes` bytes of the space to `offset` of the file, and waits until the kernel has them. Errors,
/// and what has changed then: see Ring::start_write and Completion.
inline Result<ByteCount> write_file(Ring& ring, Space& space, Address from, int descriptor,
                                    std::uint64_t offset, ByteCount bytes,
                                    View view = View::stable) {
  const auto token = ring.start_write(space, from, descriptor, offset, bytes, view);
  if (!token) return tl::unexpected(token.error());
  return ring.wait_for(*token);
}

}  // namespace cleave
