// Input and output on pages of the origin, while branches come from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "tools/demo/space/diverge.h"
#include "tools/demo/space/source_file.h"

namespace cleave::demo::space {

/// What was transferred, and what of it did not arrive.
struct Transfers {
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t pages = 0;       ///< under all of these together
  std::uint64_t bytes_lost = 0;  ///< that were not there afterwards, or were others
  bool by_ring = false;  ///< else by single calls on memory that was pinned or held meanwhile
};

/// A thread that reads blocks of the file into pages of the origin, beside the file's own, without
/// pause. While blocks are on their way, the pages are pinned, and a fork of the origin gets copies
/// of them. Some of what arrived is written on to a temporary file, by a hold, and written over in
/// the space at once.
class Traffic {
 public:
  /// Begins, with the first reads under way. All must outlive it: the file's `content` is what
  /// every byte is compared with. `spoil`: one bit that arrives is changed in secret. Throws
  /// std::runtime_error if there cannot be a temporary file.
  Traffic(Pool& pool, Origin& origin, const SourceFile& file, std::span<const std::byte> content,
          bool spoil);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  ~Traffic();

  /// Lets what is under way arrive, and compares: each block read was compared with the file when
  /// it arrived; the temporary file is, with the moments that were held.
  Transfers end();

  /// No more pages than this are pinned at a time.
  static constexpr std::uint64_t kMostPinned = 16;

 private:
  class Carrier;
  struct Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace cleave::demo::space
