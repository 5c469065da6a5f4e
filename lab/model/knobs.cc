#include <algorithm>

#include "lab/model/rules.h"

namespace lab::model {
namespace {

template <auto kMember>
Knob knob(std::string_view name, std::string_view question,
          std::vector<std::string_view> answers = {}) {
  using Answer = std::remove_reference_t<decltype(std::declval<Rules&>().*kMember)>;
  return {name, question, std::move(answers),
          [](const Rules& rules) { return static_cast<std::uint32_t>(rules.*kMember); },
          [](Rules& rules, std::uint32_t answer) { rules.*kMember = static_cast<Answer>(answer); }};
}

std::vector<Knob> make_knobs() {
  const std::vector<std::string_view> no_yes = {"no", "yes"};
  return {
      knob<&Rules::reuse_small>("reuse_small", "when is a small page written in place",
                                {"map", "refs", "refs_freed", "exclusive", "owned"}),
      knob<&Rules::reuse_pmd_thp>("reuse_pmd_thp",
                                  "when is a PMD-mapped huge page written in place",
                                  {"map_torn", "map", "refs", "exclusive", "owned"}),
      knob<&Rules::reuse_pte_thp>("reuse_pte_thp",
                                  "when is a page of a PTE-mapped folio written in place",
                                  {"map_most", "refs", "exclusive", "owner"}),
      knob<&Rules::reuse_hugetlb>("reuse_hugetlb", "when is a hugetlb page written in place",
                                  {"map", "refs"}),
      knob<&Rules::reuse_in_swapin>("reuse_in_swapin",
                                    "when does a write fault on swap map writable at once",
                                    {"map", "refs", "marker"}),
      knob<&Rules::reuse_ksm>("reuse_ksm", "when is a merged page written in place",
                              {"frozen", "never"}),
      knob<&Rules::page_lock_in_wp>("page_lock_in_wp", "how a write fault gets the page lock",
                                    {"blocking", "trylock"}),
      knob<&Rules::get>("get", "what a reference that is no pin is", {"plain", "hold"}),
      knob<&Rules::gup_ro>(
          "gup_ro", "what a read reference to a read-only entry does first",
          {"take", "write", "unshare_mapped", "unshare", "unshare_long", "unshare_all", "fail"}),
      knob<&Rules::gup_fast_ro>(
          "gup_fast_ro", "which entries the lockless way accepts for reading",
          {"readable", "writable", "mapped_once", "exclusive", "owned", "none"}),
      knob<&Rules::pin_count>("pin_count", "how pins of small pages are counted",
                              {"biased", "exact"}),
      knob<&Rules::bias>("bias", "references that a biased pin is worth"),
      knob<&Rules::exclusive_mark>("exclusive_mark", "do pages carry a mark of exclusiveness",
                                   no_yes),
      knob<&Rules::unpin_check>("unpin_check", "must a page still be exclusive when it is unpinned",
                                no_yes),
      knob<&Rules::fork_pinned>("fork_pinned", "which pages a fork copies at once",
                                {"none", "any", "exclusive", "referenced", "pinned"}),
      knob<&Rules::fork_seq>("fork_seq", "how a fork keeps lockless pins off",
                             {"none", "recheck", "sections"}),
      knob<&Rules::fork_hugetlb_copy>("fork_hugetlb_copy", "does a fork copy pinned hugetlb pages",
                                      no_yes),
      knob<&Rules::fork_keeps_wp>(
          "fork_keeps_wp", "is a copy made by fork write-protected like its original", no_yes),
      knob<&Rules::reclaim_pinned>("reclaim_pinned", "what reclaim does about pinned pages",
                                   {"careless", "check", "share", "again", "never"}),
      knob<&Rules::share_barriers>(
          "share_barriers", "a barrier between taking an entry away and asking for pins", no_yes),
      knob<&Rules::swap_marker>("swap_marker",
                                "does a swap entry remember that its page was exclusive", no_yes),
      knob<&Rules::swapin_read_writable>("swapin_read_writable",
                                         "does a read fault on swap map an exclusive page writable",
                                         no_yes),
      knob<&Rules::swapin_direct>("swapin_direct",
                                  "may two faults read one slot of a synchronous device",
                                  {"bare", "held"}),
      knob<&Rules::lazyfree>("lazyfree", "which MADV_FREE pages reclaim drops", {"dirty", "refs"}),
      knob<&Rules::softdirty_skips_pinned>("softdirty_skips_pinned",
                                           "does clear_refs pass pinned pages by", no_yes),
      knob<&Rules::mprotect_upgrades>(
          "mprotect_upgrades", "does mprotect make exclusive pages writable at once", no_yes),
      knob<&Rules::force_write>("force_write", "which read-only entry a forced write accepts",
                                {"drop_write", "dirty", "exclusive"}),
      knob<&Rules::merging>("merging", "are pages merged, and when", {"never", "counted"}),
      knob<&Rules::ksm_unmerge>("ksm_unmerge", "which fault takes a merged page apart",
                                {"write", "unshare"}),
      knob<&Rules::collapse_judges>("collapse_judges",
                                    "is a collapsed page exclusive only if its parts were", no_yes),
      knob<&Rules::uffd_move>("uffd_move", "what UFFDIO_MOVE moves", {"missing", "exclusive"}),
  };
}

}  // namespace

const std::vector<Knob>& knobs() {
  static const std::vector<Knob> all = make_knobs();
  return all;
}

bool Rules::same_as(const Rules& other) const {
  return std::all_of(knobs().begin(), knobs().end(),
                     [&](const Knob& knob) { return knob.get(*this) == knob.get(other); });
}

}  // namespace lab::model
