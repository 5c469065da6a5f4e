// Which acts make sense.

#include "lab/spec/promise.h"

namespace lab::spec {

using litmus::Protection;
using litmus::Word;

bool Promise::allows(const Act& act) const {
  if (uses(act)) {
    const Reference& reference = references_[act.reference];
    return reference.held && (act.word == Word::drop || reference.write);
  }
  if (!alive_[act.process]) return false;
  if (takes(act) && act.reference != taken_) return false;
  switch (act.word) {
    case Word::fork:
      return act.process == 0 && !forked_;
    case Word::exit:  // the other is left to look
      return alive_[0] && alive_[1];
    case Word::clear_refs:
    case Word::drain:
    case Word::swapoff:
      return true;
    case Word::unlock:
      return locked_;
    default:
      return act.page < beginning_.pages && allows_on(act, pages_[act.process][act.page]);
  }
}

bool Promise::allows_on(const Act& act, const Page& page) const {
  if (act.word == Word::map) return !page.mapped && !beginning_.shared && !beginning_.large;
  if (!page.mapped) return false;
  if (touches(act) && may_be_asked_for(page)) return false;
  const bool readable = page.protection != Protection::none;
  const bool writable = page.protection == Protection::rw && !page.wp;
  switch (act.word) {
    case Word::write:
      return writable;
    case Word::force:
      // Of hugetlb memory Linux refuses it since 6.2.
      return readable && !page.wp &&
             (writable || (!beginning_.shared && !cells_[page.cell].hugetlb));
    case Word::read:
      return readable;
    case Word::get:
    case Word::pin:
      return taken_ < kReferences && readable && (writable || !act.access.write);
    case Word::free:
    case Word::wipeonfork:  // EINVAL for what a file backs
      return !page.file && !beginning_.shared && !cells_[page.cell].hugetlb &&
             (act.word == Word::free || !page.wipeonfork);
    case Word::protect:
      return page.protection != act.protection;
    case Word::dontfork:
    case Word::dofork:
      return !forked_ && page.dontfork == (act.word == Word::dofork);
    case Word::wp:
    case Word::unwp:
      return page.wp == (act.word == Word::unwp);
    case Word::missing:
      return !page.missing && !page.file && !beginning_.shared;
    case Word::minor:
      return !page.minor && (page.file || beginning_.shared);
    case Word::uffd_copy:
    case Word::uffd_zeropage:
    case Word::uffd_continue:
      return allows_supply(act, page);
    case Word::lock:
      return !locked_;
    case Word::writeback:
      return writeback_ == (act.phase == litmus::Phase::end);
    case Word::split:
    case Word::split_pmd:
    case Word::collapse:
      return beginning_.large;
    case Word::move:
    case Word::merge:
      return allows_pair(act, page);
    default:
      return true;
  }
}

// It does something only where nothing is; else it is refused.
bool Promise::allows_supply(const Act& act, const Page& page) const {
  if ((!page.missing && !page.minor) || page.there != There::nothing) return false;
  if (act.word == Word::uffd_continue) return page.minor;
  if (act.word == Word::uffd_copy) return !beginning_.shared;
  return page.missing && !cells_[page.cell].hugetlb;
}

bool Promise::allows_pair(const Act& act, const Page& page) const {
  if (act.other >= beginning_.pages || !alive_[act.other_process]) return false;
  if (act.process == act.other_process && act.page == act.other) return false;
  if (act.word == Word::move) return !beginning_.large && act.process == act.other_process;
  const Page& other = pages_[act.other_process][act.other];
  return page.mapped && other.mapped && !beginning_.shared;
}

}  // namespace lab::spec
