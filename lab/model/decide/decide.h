// Who owns, who copies, who may be moved: every decision of every rule-set, as pure functions of
// counts.
//
// The machinery looks at a page in one step, hands what it saw to one of these, and does what it is
// told. Each answer comes with its reason, which a counterexample prints beside the step.
#pragma once

#include <cstdint>

#include "lab/model/decide/rules.h"

namespace lab::model {

/// What one look at a page finds. References that the looker holds itself, beyond its mapping, are
/// taken off.
struct Counts {
  std::uint32_t maps = 0;       // entries that name this page, huge ones included
  std::uint32_t most_maps = 0;  // the highest of any page of its folio
  std::uint32_t all_maps = 0;   // entries that name any page of its folio; a huge one counts once
  std::uint32_t swaps = 0;      // swap entries that name the folio's slot
  std::uint32_t refs = 0;       // of the folio: entries, swap cache, references, and biased pins
  std::uint32_t pins = 0;       // of the folio, where they are counted apart
  bool large = false;
  bool anonymous = true;
  bool ksm = false;
  bool swap_cache = false;
  bool writeback = false;
  bool stable_writes = false;  // of the swap device
  bool exclusive = false;      // the mark
  bool one_process = true;     // the folio's own note of who maps it (large folios)
};

struct Decision {
  bool yes = false;
  const char* why = "";
  explicit operator bool() const { return yes; }
};

constexpr Decision yes(const char* why) { return {true, why}; }
constexpr Decision no(const char* why) { return {false, why}; }

/// Whether a device may hold the page for DMA. Biased pins of small pages are told from references
/// by their number alone: never missed, sometimes seen where there are only many references.
bool maybe_pinned(const Rules& rules, const Counts& page);

// A write fault: may the page be written in place? For an unshare fault: is it the process' own
// already?

/// What can be said at once, without the page lock: whether there is any point in taking it. `why`
/// is of the answer no, or of a mark that makes the lock unnecessary.
enum class AtOnce : std::uint8_t { reuse, copy, ask };
struct FirstLook {
  AtOnce answer = AtOnce::ask;
  const char* why = "";
};
FirstLook reuse_at_once(const Rules& rules, const Counts& page);
/// Under the page lock, after the rule-set's attempts to let others let go.
Decision reuse_small(const Rules& rules, const Counts& page);
Decision reuse_pmd(const Rules& rules, const Counts& page);
Decision reuse_pte_of_large(const Rules& rules, const Counts& page);
Decision reuse_hugetlb(const Rules& rules, const Counts& page);
/// Whether the rule-set has swap cache and LRU batch let go before it counts references.
bool frees_before_counting(const Rules& rules);

/// A fault on a swap entry, once the page is there: may it be mapped writable, and marked, at once?
/// `marked`: the entry remembered exclusiveness; `fresh`: the page was just read and no other
/// thread can know it; swaps still counts the entry.
Decision reuse_swapped(const Rules& rules, const Counts& page, bool marked, bool fresh);

// References.

enum class GupStep : std::uint8_t {
  take,     ///< the page as it is mapped
  unshare,  ///< after an unshare fault
  write,    ///< after a write fault
  refuse,
};
struct GupDecision {
  GupStep step = GupStep::take;
  const char* why = "";
};
/// What a reference for reading to a page that is mapped read-only does. `copy_on_write`: of a
/// private mapping.
GupDecision gup_read(const Rules& rules, const Counts& page, bool pin, bool long_term,
                     bool copy_on_write);
/// The same for the zero page.
GupDecision gup_read_zero(const Rules& rules, bool pin, bool long_term);
/// Lockless, of an entry that is not writable: worth grabbing?
Decision fast_tries_readonly(const Rules& rules, bool pin);
/// And once grabbed: may it be kept? The counts are as of now, and can change.
Decision fast_keeps_readonly(const Rules& rules, const Counts& page, bool pin, bool long_term);
/// Whether a pin may be released from such a page.
Decision unpin_finds_in_order(const Rules& rules, const Counts& page);

// Sharing, and taking away.

/// Does a fork copy the page for the child at once? `ever_pinned`: the parent ever took a pin.
Decision fork_copies(const Rules& rules, const Counts& page, bool ever_pinned);
Decision fork_copies_hugetlb(const Rules& rules, const Counts& page, bool ever_pinned);
Decision reclaim_passes_by(const Rules& rules, const Counts& page);
/// An entry was taken away, by reclaim, migration or KSM. May the page lose its mark and be shared?
Decision share(const Rules& rules, const Counts& page);
/// MADV_FREE: may the folio be marked as one to be dropped, by who has so many of its entries?
/// `dirty`: as a whole, so that entries alone do not tell who needs it.
Decision lazyfree_marks(const Rules& rules, const Counts& page, std::uint32_t own_maps, bool dirty);
/// Reclaim after MADV_FREE: may the page, clean by its entry, be dropped? `page` without the
/// reference that reclaim holds itself.
Decision lazyfree_drops(const Rules& rules, const Counts& page, bool dirty);
/// KSM holds one reference itself, which is taken off.
Decision merge_may_protect(const Rules& rules, const Counts& page);
/// No reference but the mover's, which is taken off, is held by anything but an entry.
Decision unreferenced(const Rules& rules, const Counts& page);
Decision uffd_may_move(const Rules& rules, const Counts& page);

// Protection.

Decision clear_refs_passes_by(const Rules& rules, const Counts& page, bool writable,
                              bool ever_pinned);
/// mprotect and the like allow writing again: is the entry made writable at once?
Decision upgrades(const Rules& rules, const Counts& page, bool must_tell);
/// A forced write finds a read-only entry in a private mapping that forbids writing. `after_copy`:
/// a fault just copied.
Decision force_accepts(const Rules& rules, const Counts& page, bool dirty, bool after_copy);

}  // namespace lab::model
