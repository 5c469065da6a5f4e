#include "tools/demo/space/history.h"

#include <algorithm>

namespace cleave::demo::space {
namespace {

/// Oldest first.
std::vector<const Edit*> edits_up_to(const Moment& moment) {
  std::vector<const Edit*> edits;
  for (const Edit* edit = moment.get(); edit != nullptr; edit = edit->before.get()) {
    edits.push_back(edit);
  }
  std::ranges::reverse(edits);
  return edits;
}

}  // namespace

std::span<const std::byte> Replay::at(const Moment& moment) {
  // Undoing the moment shown before costs less than another copy of the file.
  for (const Edit* edit : edits_up_to(shown_)) {
    std::ranges::copy(file_.subspan(edit->offset, edit->bytes.size()),
                      copy_.begin() + static_cast<std::ptrdiff_t>(edit->offset));
  }
  for (const Edit* edit : edits_up_to(moment)) {
    std::ranges::copy(edit->bytes, copy_.begin() + static_cast<std::ptrdiff_t>(edit->offset));
  }
  shown_ = moment;
  return copy_;
}

}  // namespace cleave::demo::space
