// The rule that everything else serves.
//
//   Ownership.  A space owns a page when every count on the path to it is one: each table node from
//               the root down is referenced once, and the frame is referenced once. Nothing else
//               decides. (A pin is not a reference.)
//   Write.      Write in place what you own; copy what you do not. Copying is always safe.
//
// How often a page is mapped is never asked: there is no counter for it. docs/explanation/pins.md
// has the argument on the kernel's list that this comes from.
#pragma once

#include "frames/state/frame_state.h"
#include "table/node.h"

namespace cleave::detail {

/// A count can *fall* to one at any moment, when a sibling goes. Then a thread without the lock may
/// find itself the owner and write in place, while the thread with the lock still copies what it
/// found shared a moment before: the copy would lack that write. So a copy begins by taking one
/// more reference (share_if_shared): if the count was one, the page is ours after all and is not
/// copied; if not, it cannot be found to be one again before the copy is done and no thread
/// remembers the old path.

/// What one walk from a root down has found so far. The loads are acquire: finding a count of one,
/// the walker has seen everything that former holders did before they let go.
///
/// Who may rely on the answer: a thread that holds the space's lock, or one inside a section that
/// found the space's write stamp even (detail/stamps.h). A count of one is raised only through the
/// holder of that one reference, which is the space itself, and only when it forks; and by merging,
/// which then invalidates before it relies on it (frames/away/merger.h), and so waits for whoever
/// relies on the answer.
class Ownership {
 public:
  Ownership& through(const Node& node) {
    sole_ = sole_ && node.references.load(sync::acquire) == 1;
    return *this;
  }
  Ownership& through(const FrameState& frame) {
    sole_ = sole_ && frame.references() == 1;
    return *this;
  }
  explicit operator bool() const { return sole_; }

 private:
  bool sole_ = true;
};

}  // namespace cleave::detail
