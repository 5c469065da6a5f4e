#include "lab/hunt/program/applies.h"

#include "lab/portable/ranges.h"

namespace lab::hunt {
namespace {

bool is_cleave(const judge::Variant& variant) { return variant.base == "cleave"; }

// Of what handlers do. gVisor has no userfaultfd, and a space no handlers; minor faults came later
// than the others.
bool is_handled(const judge::Variant& variant, litmus::Word word) {
  using litmus::Word;
  const bool handlers = !is_cleave(variant) && variant.base != "gvisor";
  if (word == Word::minor || word == Word::uffd_continue)
    return handlers && variant.rules.uffd_continue != model::UffdContinue::missing;
  const bool supplies =
      word == Word::missing || word == Word::uffd_copy || word == Word::uffd_zeropage;
  return handlers || !supplies;
}

}  // namespace

bool applies(const judge::Variant& variant, const Start& start) {
  const bool hugetlb = start.pages.front().kind == litmus::PageKind::hugetlb;
  if (variant.base == "gvisor" && hugetlb) return false;  // it has no pool of huge pages
  if (!is_cleave(variant)) return true;
  using litmus::Attribute;
  return start.swap == litmus::Swap::ordinary &&
         ranges::all_of(start.pages, [](const litmus::Page& page) {
           return page.kind == litmus::PageKind::page && page.held == 0 &&
                  ranges::all_of(page.attributes, [](Attribute attribute) {
                    return attribute == Attribute::zero || attribute == Attribute::readonly ||
                           attribute == Attribute::swapped;
                  });
         });
}

bool applies(const judge::Variant& variant, const spec::Act& act) {
  using litmus::Word;
  if (!is_handled(variant, act.word)) return false;
  if (!is_cleave(variant)) return true;
  switch (act.word) {
    case Word::merge:
    case Word::unmerge:
    case Word::migrate:
    case Word::force:
    case Word::split:
    case Word::split_pmd:
    case Word::collapse:
      return false;
    default:
      return true;
  }
}

bool applies(const judge::Variant& variant, const spec::Promise& after) {
  const model::Rules& rules = variant.rules;
  if (rules.discard_asks_write == model::Flag::yes && after.discarded_unwritable()) return false;
  return rules.discard_hugetlb == model::Flag::yes || !after.discarded_hugetlb();
}

bool applies(const judge::Variant& variant, const Program& program) {
  const auto to = [&](const auto& what) { return applies(variant, what); };
  const auto ends = promises(program);
  return to(*program.start) &&
         ranges::all_of(steps(program), [&](const Step& step) { return to(step.act); }) &&
         (!ends || ranges::all_of(*ends, to));
}

}  // namespace lab::hunt
