// How a push goes, and where it may die.
#include "lab/repository/protocol.h"

namespace lab::repository {

using explore::performs;

void Protocol::push(unsigned which) {
  const Shape::Push& mine = shape_.pushes[which];
  const unsigned first = static_cast<unsigned>(shape_.packs.size()) + which * shape_.tries;
  Seen seen;
  Objects lacking = 0;
  for (unsigned i = 0; i < shape_.tries; ++i) {
    if (i == 0 || performs("push.asks-again-after-a-conflict")) {
      seen = look();
      lacking = mine.needs;
      for (unsigned p = 0; p < seen.packs.size(); ++p) {
        const bool condemned = (seen.root.condemned >> p & 1) != 0;
        if (condemned && performs("push.leaves-condemned-packs-alone")) continue;
        lacking = static_cast<Objects>(lacking & ~seen.packs[p]);
      }
    } else {
      seen.root = look_at_root();
      lacking = 0;
    }
    const unsigned name = performs("pack.has-a-name-of-its-own") ? first + i : first;
    const bool puts_first = performs("push.puts-before-it-swaps");
    if (lacking != 0 && puts_first) {
      if (explore::choose("dies", 2) == 1) return;
      put(name, lacking);
    }
    if (explore::choose("dies", 2) == 1) return;
    Root desired = seen.root;
    desired.refs[mine.ref] = mine.needs;
    if (!swap(seen.root, desired, "push.compares-the-root")) continue;
    acknowledged_[which] = 1;
    if (lacking != 0 && !puts_first) put(name, lacking);
    return;
  }
}

}  // namespace lab::repository
