// What a branch costs, by three ways to make one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <cleave/pool.h>
#include <cleave/units.h>

#include "tools/demo/space/diverge.h"
#include "tools/demo/space/source_file.h"

namespace cleave::demo::space {

/// Of a branch that changes a byte in each of some pages, spread over the file. Times are medians.
struct Cost {
  double make_ns = 0;   ///< to make the branch
  double write_ns = 0;  ///< to write to a page for the first time after that
  double bytes = 0;     ///< memory that the branch takes
};

/// The pages that such a branch writes to: `count` of them, `stride` bytes apart.
struct Pages {
  explicit Pages(std::uint64_t file_size)
      : count(std::min<std::uint64_t>(16, pages_of(file_size))),
        stride(pages_of(file_size) / count * kPageSize) {}
  static std::uint64_t pages_of(std::uint64_t bytes) { return (bytes + kPageSize - 1) / kPageSize; }

  std::uint64_t count;
  std::uint64_t stride;
};

/// Of a fork of the origin. Its memory: frames, and what malloc holds for tables and handles.
Cost cost_of_space(Pool& pool, Origin& origin);

/// Of a child by fork(2), of a process that has the file in anonymous memory and nothing else to
/// speak of. Its memory: what it does not share, and its page tables; the kernel's own records of a
/// process are not counted. Call it while the program has one thread and has not loaded the file
/// itself.
Cost cost_of_process(const SourceFile& file);

/// Of a copy of the whole file. Its first writes are writes like any other.
Cost cost_of_copy(std::span<const std::byte> content);

}  // namespace cleave::demo::space
