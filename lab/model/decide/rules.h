// A rule-set: what Linux, or another system, looks at before a page is written in place, shared,
// pinned or moved.
//
// It is a vector of knobs, each one question with a handful of named answers. lab/model/rules/ has
// a page for each rule-set that was ever in a kernel or proposed; others are made by turning a
// knob:
//     parse_rules("E1,reuse_in_swapin=map")
// The answers are put to use in lab/model/decide*.h, as pure functions, and nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace lab::model {

/// A write fault finds an anonymous page mapped read-only by one entry of its own. When is it
/// written in place?
enum class ReuseSmall : std::uint8_t {
  map,         ///< mapped once: entries and swap entries are one in all
  refs,        ///< referenced once, by this entry; a page in the swap cache never is
  refs_freed,  ///< as refs, after draining the own LRU batch and freeing the swap cache
  exclusive,   ///< marked exclusive, or as refs_freed
  owned,       ///< referenced once; pins are counted apart and are no references
};

/// The same for a huge page mapped by one huge entry.
enum class ReusePmd : std::uint8_t {
  map_torn,   ///< the highest of the subpages' map counts, read one by one without the page lock
  map,        ///< the same, read at once
  refs,       ///< the folio referenced once
  exclusive,  ///< marked exclusive, or as refs
  owned,      ///< as ReuseSmall::owned
};

/// The same for one page of a folio that is mapped page by page.
enum class ReusePte : std::uint8_t {
  map_most,   ///< the highest map count of any of the folio's pages
  refs,       ///< the whole folio referenced once: never in practice
  exclusive,  ///< only if the page is marked exclusive
  last,       ///< marked, or the whole folio referenced once: by the last entry that is left
  owner,      ///< marked, or all references are mappings and all of them one process'
};

enum class ReuseHugetlb : std::uint8_t { map, refs };

/// A write fault on a swap entry: when is the page of the swap cache mapped writable at once?
enum class ReuseSwapIn : std::uint8_t {
  map,     ///< entries and swap entries are one in all
  refs,    ///< referenced once, after freeing slot and swap cache
  marker,  ///< the swap entry remembered that the page was exclusive, or as refs
};

enum class ReuseKsm : std::uint8_t {
  frozen,  ///< if its references can be frozen at one it becomes an ordinary page
  never,
};

/// How a write fault gets the page lock that its counts need.
enum class PageLock : std::uint8_t {
  blocking,  ///< lets go of the page table, waits, and looks again
  trylock,   ///< locked: copy
};

/// What does a read reference to a page that is mapped read-only do first?
enum class GupRead : std::uint8_t {
  take,            ///< nothing
  write,           ///< what a write would do
  unshare_mapped,  ///< unshares if the page is mapped more than once
  unshare,         ///< a pin unshares an anonymous page that is not marked exclusive
  unshare_long,    ///< as unshare; and a long pin unshares file and zero pages
  unshare_all,     ///< a pin unshares everything that is not its owner's alone
  fail,            ///< as unshare_long, but a page that is not marked is refused
};

/// What is a reference that is no pin?
enum class Get : std::uint8_t {
  plain,  ///< a count more, and no promise
  hold,   ///< for reading: the page as it is now, which later writers copy away from; else a pin
};

/// Which entries does the lockless way accept for reading?
enum class GupFastRead : std::uint8_t {
  readable,
  writable,     ///< writable ones, also for reading
  mapped_once,  ///< writable, or the page's map count is one just now
  exclusive,    ///< writable, or marked exclusive just now (pins only)
  owned,        ///< owned by the counts, in the same exchange as the pin (pins only)
  none,         ///< there is no lockless way
};

/// Which pages does a fork copy for the child at once?
enum class ForkPinned : std::uint8_t {
  none,
  any,         ///< maybe pinned, in a process that ever pinned
  exclusive,   ///< the same, if anonymous and marked exclusive
  referenced,  ///< marked exclusive and referenced by anything else, in a process that ever pinned
  pinned,      ///< exactly those that are pinned now
};

/// How does a fork keep lockless pins off?
enum class ForkSeq : std::uint8_t {
  none,
  recheck,   ///< a sequence is odd meanwhile; who pinned looks at it again, and undoes
  sections,  ///< the same, and the fork waits for those who were in before
};

/// What does reclaim do about pinned pages?
enum class Reclaim : std::uint8_t {
  careless,  ///< nothing
  check,     ///< passes them by, asking before it unmaps
  share,     ///< asks again where it has taken the entry away, and puts it back
  again,     ///< as share, and once more after the last entry
  never,     ///< there is no reclaim
};

enum class ForceWrite : std::uint8_t {
  drop_write,  ///< once a fault has copied, looks again for reading
  dirty,       ///< accepts a read-only entry that is dirty
  exclusive,   ///< accepts a read-only entry of a page marked exclusive
};

enum class LazyFree : std::uint8_t {
  dirty,  ///< a clean page is dropped
  refs,   ///< a clean page without other references is dropped; who has others is freed no more
  kept,   ///< the same, and who has others may be dropped when they are gone
};

enum class SwapInDirect : std::uint8_t {
  bare,  ///< two faults may read one slot of a synchronous device at a time
  held,  ///< the slot is claimed while it is read
};

enum class Merging : std::uint8_t {
  never,
  counted,   ///< what has no references but entries and the swap cache
  unpinned,  ///< what is not pinned: who refers to it keeps what it holds
};

enum class KsmUnmerge : std::uint8_t { write, unshare };

enum class UffdMove : std::uint8_t { missing, exclusive };

/// What can userfaultfd write-protect?
enum class UffdWp : std::uint8_t {
  anonymous,  ///< private anonymous memory
  markers,    ///< also pages of files and hugetlb, whose empty entries keep a marker
};

/// What does UFFDIO_CONTINUE do?
enum class UffdContinue : std::uint8_t {
  missing,   ///< there is none, and no minor faults
  plain,     ///< maps the file's page
  protects,  ///< and write-protects it, if asked to
};

/// How pins of small pages are counted.
enum class PinCount : std::uint8_t {
  biased,  ///< each is `bias` references
  exact,   ///< apart from references
};

enum class Flag : std::uint8_t { no, yes };

/// The knobs. Their defaults are of no rule-set in particular: a rule-set's page sets them all that
/// matter to it.
struct Rules {
  std::string name;

  ReuseSmall reuse_small = ReuseSmall::map;
  ReusePmd reuse_pmd_thp = ReusePmd::map;
  ReusePte reuse_pte_thp = ReusePte::map_most;
  ReuseHugetlb reuse_hugetlb = ReuseHugetlb::map;
  ReuseSwapIn reuse_in_swapin = ReuseSwapIn::map;
  ReuseKsm reuse_ksm = ReuseKsm::never;
  PageLock page_lock_in_wp = PageLock::trylock;

  Get get = Get::plain;
  GupRead gup_ro = GupRead::take;
  GupFastRead gup_fast_ro = GupFastRead::readable;
  PinCount pin_count = PinCount::biased;
  std::uint32_t bias =
      1024;  // references that one pin of a small page is worth, where pins are biased
  Flag exclusive_mark = Flag::no;  // pages carry a mark "exclusive to one process"
  Flag unpin_check = Flag::no;     // a pin is released only from a page that is still exclusive

  ForkPinned fork_pinned = ForkPinned::none;
  ForkSeq fork_seq = ForkSeq::none;
  Flag fork_hugetlb_copy = Flag::no;
  Flag fork_keeps_wp =
      Flag::yes;  // the child's early copy is write-protected for userfaultfd like the parent's

  Reclaim reclaim_pinned = Reclaim::careless;
  Flag share_barriers = Flag::yes;       // between taking an entry away and asking for pins
  Flag swap_marker = Flag::no;           // a swap entry remembers that the page was exclusive
  Flag swapin_read_writable = Flag::no;  // a read fault on swap maps an exclusive page writable
  SwapInDirect swapin_direct = SwapInDirect::bare;
  LazyFree lazyfree = LazyFree::dirty;
  Flag lazyfree_shared =
      Flag::yes;  // what another process maps may be given up, if it is not dirty

  Flag softdirty_skips_pinned = Flag::no;
  Flag discard_asks_write = Flag::no;  // what may not be written may not be discarded
  Flag mprotect_upgrades = Flag::no;   // mprotect makes entries of exclusive pages writable at once
  Flag discard_hugetlb = Flag::yes;    // hugetlb memory can be discarded
  Flag move_hugetlb = Flag::yes;       // hugetlb memory can be moved by mremap
  ForceWrite force_write = ForceWrite::dirty;
  Flag force_hugetlb = Flag::yes;  // a forced write reaches hugetlb memory that is read-only
  Merging merging = Merging::counted;
  KsmUnmerge ksm_unmerge = KsmUnmerge::write;
  Flag collapse_judges =
      Flag::yes;  // a collapsed page is marked exclusive only if its parts were unshared
  UffdMove uffd_move = UffdMove::missing;
  UffdWp uffd_wp = UffdWp::anonymous;
  UffdContinue uffd_continue = UffdContinue::missing;
  Flag uffd_async =
      Flag::no;  // write protection that no thread waits for, and of what is not there yet

  /// Whether all knobs agree; the name is no knob.
  [[nodiscard]] bool same_as(const Rules& other) const;
};

/// One question of the vector, with the names of its answers.
struct Knob {
  std::string_view name;                  // "reuse_small"
  std::string_view question;              // one line for help
  std::vector<std::string_view> answers;  // empty: a number
  std::uint32_t (*get)(const Rules&);     // index into answers, or the number
  void (*set)(Rules&, std::uint32_t);
};

/// A rule-set with its page: what it is, in two or three sentences, and which kernels had it.
struct RuleSet {
  std::string_view name;
  std::string_view kernels;
  std::string_view about;
  Rules (*make)();
};

/// All knobs, in the order of help.
const std::vector<Knob>& knobs();
/// All rule-sets: those of the kernel in the order of time, then the others.
const std::vector<RuleSet>& rule_sets();

/// A name and changes to it: "E1", "E1,reuse_in_swapin=map,bias=4". The result's name is the text.
/// The error says what was not understood and lists what would have been.
tl::expected<Rules, std::string> parse_rules(std::string_view text);

/// Every vector that differs from `rules` in one answer, each named as parse_rules reads it.
/// Numbers stay.
std::vector<Rules> neighbours(const Rules& rules);

}  // namespace lab::model
