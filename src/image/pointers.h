// Words of an arena that lead out of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <cleave/error.h>
#include <cleave/image/record.h>

#include "image/format/bytes.h"

namespace cleave::detail::image {

/// "x86_64", "aarch64".
const char* architecture();

/// What of this process's memory words can lead to: its modules, and all else that is mapped.
std::vector<ImageModule> memory_of_this_process();

/// Looks at each aligned word of an arena's pages; nothing for a space, which has no pointers. It
/// is a judge of honest programs: it cannot see pointers that are hidden, and takes a number for
/// one where it happens to be an address that is mapped.
class OutsideWords {
 public:
  /// `before`: what was found in pages that are not looked at again.
  OutsideWords(const ImageRecord& record, std::vector<ImageModule> before);
  void look_at(View page);
  /// What was found, at most as many as a commit can name, in order.
  [[nodiscard]] std::vector<ImageModule> modules() const;

 private:
  std::vector<ImageModule> found_;
  std::vector<ImageModule> memory_;  // in order of address
  std::vector<bool> met_;
  std::uint64_t first_ = 0;
  std::uint64_t end_ = 0;
};

/// Whether an arena can be made of a commit here. Errors: bad_argument (it is of a space),
/// unsupported (another architecture), not_permitted (its words lead elsewhere).
Result<void> check_arena(const ImageRecord& record);

/// Those of `modules` that are not in this process, or not at the same address.
std::vector<ImageModule> foreign(std::span<const ImageModule> modules);

}  // namespace cleave::detail::image
