#include "lab/kernel/test/last_entry.h"

#include <set>

namespace lab::kernel {
namespace {

bool takes_entries_away(litmus::Word word) {
  switch (word) {
    case litmus::Word::unmap:
    case litmus::Word::discard:
    case litmus::Word::move:
    case litmus::Word::uffd_move:
    case litmus::Word::dontfork:
    case litmus::Word::wipeonfork:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool may_leave_one_entry(const judge::Plan& plan, std::size_t declaration) {
  const model::PageSetup& folio = plan.setup.pages[declaration];
  if (folio.pages == 1) return false;
  const model::PageNo first = plan.setup.first_page(declaration);
  std::set<model::PageNo> away;
  for (const judge::ThreadPlan& thread : plan.threads)
    for (const judge::Instruction& each : thread.code) {
      const bool part = each.operation != nullptr && each.pages == 1 && each.page >= first &&
                        each.page < first + folio.pages;
      if (part && takes_entries_away(each.operation->word)) away.insert(each.page);
    }
  return away.size() + 1 >= folio.pages;
}

}  // namespace lab::kernel
