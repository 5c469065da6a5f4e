#include <algorithm>
#include <type_traits>
#include <utility>

#include "lab/model/decide/enumerators.h"
#include "lab/model/decide/rules.h"

namespace lab::model {
namespace {

template <auto kMember>
Knob knob(std::string_view name, std::string_view question) {
  using Answer = std::remove_reference_t<decltype(std::declval<Rules&>().*kMember)>;
  std::vector<std::string_view> answers;
  if constexpr (std::is_enum_v<Answer>) answers = enumerator_names<Answer>();
  return {name, question, std::move(answers),
          [](const Rules& rules) { return static_cast<std::uint32_t>(rules.*kMember); },
          [](Rules& rules, std::uint32_t answer) { rules.*kMember = static_cast<Answer>(answer); }};
}

std::vector<Knob> make_knobs() {
  return {
      knob<&Rules::reuse_small>("reuse_small", "when is a small page written in place"),
      knob<&Rules::reuse_pmd_thp>("reuse_pmd_thp",
                                  "when is a PMD-mapped huge page written in place"),
      knob<&Rules::reuse_pte_thp>("reuse_pte_thp",
                                  "when is a page of a PTE-mapped folio written in place"),
      knob<&Rules::reuse_hugetlb>("reuse_hugetlb", "when is a hugetlb page written in place"),
      knob<&Rules::reuse_in_swapin>("reuse_in_swapin",
                                    "when does a write fault on swap map writable at once"),
      knob<&Rules::reuse_ksm>("reuse_ksm", "when is a merged page written in place"),
      knob<&Rules::page_lock_in_wp>("page_lock_in_wp", "how a write fault gets the page lock"),
      knob<&Rules::get>("get", "what a reference that is no pin is"),
      knob<&Rules::gup_ro>("gup_ro", "what a read reference to a read-only entry does first"),
      knob<&Rules::gup_fast_ro>("gup_fast_ro",
                                "which entries the lockless way accepts for reading"),
      knob<&Rules::pin_count>("pin_count", "how pins of small pages are counted"),
      knob<&Rules::bias>("bias", "references that a biased pin is worth"),
      knob<&Rules::exclusive_mark>("exclusive_mark", "do pages carry a mark of exclusiveness"),
      knob<&Rules::unpin_check>("unpin_check",
                                "must a page still be exclusive when it is unpinned"),
      knob<&Rules::fork_pinned>("fork_pinned", "which pages a fork copies at once"),
      knob<&Rules::fork_seq>("fork_seq", "how a fork keeps lockless pins off"),
      knob<&Rules::fork_hugetlb_copy>("fork_hugetlb_copy", "does a fork copy pinned hugetlb pages"),
      knob<&Rules::fork_keeps_wp>("fork_keeps_wp",
                                  "is a copy made by fork write-protected like its original"),
      knob<&Rules::reclaim_pinned>("reclaim_pinned", "what reclaim does about pinned pages"),
      knob<&Rules::share_barriers>("share_barriers",
                                   "a barrier between taking an entry away and asking for pins"),
      knob<&Rules::swap_marker>("swap_marker",
                                "does a swap entry remember that its page was exclusive"),
      knob<&Rules::swapin_read_writable>(
          "swapin_read_writable", "does a read fault on swap map an exclusive page writable"),
      knob<&Rules::swapin_direct>("swapin_direct",
                                  "may two faults read one slot of a synchronous device"),
      knob<&Rules::lazyfree>("lazyfree", "which MADV_FREE pages reclaim drops"),
      knob<&Rules::lazyfree_shared>("lazyfree_shared",
                                    "is what another process maps given up, if it is not dirty"),
      knob<&Rules::softdirty_skips_pinned>("softdirty_skips_pinned",
                                           "does clear_refs pass pinned pages by"),
      knob<&Rules::discard_asks_write>("discard_asks_write",
                                       "does a discard need the right to write"),
      knob<&Rules::mprotect_upgrades>("mprotect_upgrades",
                                      "does mprotect make exclusive pages writable at once"),
      knob<&Rules::discard_hugetlb>("discard_hugetlb", "can hugetlb memory be discarded"),
      knob<&Rules::move_hugetlb>("move_hugetlb", "can hugetlb memory be moved by mremap"),
      knob<&Rules::force_write>("force_write", "which read-only entry a forced write accepts"),
      knob<&Rules::force_hugetlb>("force_hugetlb",
                                  "does a forced write reach hugetlb memory that is read-only"),
      knob<&Rules::merging>("merging", "are pages merged, and when"),
      knob<&Rules::ksm_unmerge>("ksm_unmerge", "which fault takes a merged page apart"),
      knob<&Rules::collapse_judges>("collapse_judges",
                                    "is a collapsed page exclusive only if its parts were"),
      knob<&Rules::uffd_move>("uffd_move", "what UFFDIO_MOVE moves"),
      knob<&Rules::uffd_wp>("uffd_wp", "what userfaultfd can write-protect"),
      knob<&Rules::uffd_continue>("uffd_continue", "what UFFDIO_CONTINUE does"),
      knob<&Rules::uffd_async>("uffd_async", "is there write protection that no thread waits for"),
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
