#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "lab/kernel/shared/limits.h"
#include "lab/kernel/test/compiled_test.h"
#include "lab/kernel/test/last_entry.h"
#include "lab/kernel/test/order.h"
#include "lab/litmus/vocabulary.h"

namespace lab::kernel {
namespace {

using litmus::AtomKind;
using litmus::Word;

constexpr std::string_view kHidden = "needs what only the model sees: ";

std::optional<std::string> hidden(Word word) {
  switch (word) {
    case Word::lock:
    case Word::unlock:
      return "who holds a page's lock";
    case Word::lru:
    case Word::drain:
      return "the batches of the lists of reclaim";
    case Word::writeback:
      return "when a page is being written to disk";
    default:
      return std::nullopt;
  }
}

std::optional<std::string> cannot(const judge::Instruction& instruction,
                                  const judge::ThreadPlan& line) {
  const Word word = instruction.operation->word;
  if (auto what = hidden(word)) return std::string(kHidden) + *what;
  if (instruction.operation->event)
    return "an event of userfaultfd has its caller wait for a handler, which no test has";
  if (word == Word::migrate)
    return "on request the kernel moves pages between memory nodes alone, and here is one";
  const bool place = !instruction.operation->place.page.empty();
  if (place && instruction.process != line.process)
    return fmt::format("\"{}\" works on another process' page", instruction.text);
  return std::nullopt;
}

bool large(const judge::Plan& plan, model::PageNo page) {
  const auto& pages = plan.setup.pages;
  for (std::size_t i = 0; i < pages.size(); ++i)
    if (page < plan.setup.first_page(i) + pages[i].pages) return pages[i].pages > 1;
  return false;
}

std::optional<std::string> cannot_ask(const judge::Quantity& quantity, const judge::Plan& plan) {
  switch (quantity.atom->kind) {
    case AtomKind::pinned:
      return std::string(kHidden) + "how often a page is pinned";
    case AtomKind::exclusive:
      if (large(plan, quantity.page))
        return std::string(kHidden) + "the exclusive marks of a large folio's pages";
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

bool counts_copies(const judge::Plan& plan) {
  return std::ranges::any_of(plan.quantities, [](const judge::Quantity& quantity) {
    return quantity.atom->kind == AtomKind::copies;
  });
}

// Who looks at frames now and then takes a page that comes after it was taken away for a copy, if
// both come in between.
bool counts_copies_of_what_others_take_away(const judge::Plan& plan) {
  if (!counts_copies(plan) || ordered(plan)) return false;
  for (const judge::ThreadPlan& line : plan.threads)
    for (const judge::Instruction& each : line.code) {
      if (each.operation == nullptr) continue;
      const Word word = each.operation->word;
      if (word == Word::unmap || word == Word::discard || word == Word::free) return true;
    }
  return false;
}

// A page that comes back from swap is in another frame, which is no copy.
bool counts_copies_of_swapped(const judge::Plan& plan) {
  if (!counts_copies(plan)) return false;
  // Who reads before it writes has the page back before it may be copied, which can be told apart.
  for (const judge::ThreadPlan& line : plan.threads) {
    bool out = std::ranges::any_of(plan.setup.pages, &model::PageSetup::swapped);
    for (const judge::Instruction& each : line.code) {
      if (each.operation == nullptr) continue;
      const Word word = each.operation->word;
      if (word == Word::swapout) out = true;
      if (word == Word::read) out = false;
      if (out && (word == Word::write || word == Word::force || word == Word::pin)) return true;
    }
  }
  return false;
}

// Whether the plan stays within the limits of what lies in shared memory.
bool fits(const judge::Plan& plan) {
  return plan.processes.size() <= kProcesses && plan.threads.size() <= kThreads &&
         plan.setup.page_count() <= kPages && plan.signals.size() <= kNames &&
         plan.registers.size() <= kNames && plan.references.size() <= kNames &&
         plan.quantities.size() <= kQuantities;
}

std::optional<std::string> cannot(const judge::Plan& plan) {
  if (!fits(plan)) return "more pages, names or quantities than the judge has room for";
  if (plan.setup.swap != model::SwapDevice::ordinary)
    return "needs a swap device of its own kind; here swap is a file";
  for (std::size_t i = 0; i < plan.setup.pages.size(); ++i) {
    const model::PageSetup& page = plan.setup.pages[i];
    if (page.continued) return "needs a page that UFFDIO_CONTINUE maps";
    if (page.by_pmd && may_leave_one_entry(plan, i))
      return "leaves one part of a huge page, which is many entries here and one in the model";
  }
  for (const judge::ThreadPlan& line : plan.threads)
    for (const judge::Instruction& instruction : line.code) {
      if (instruction.operation == nullptr) continue;
      if (auto why = cannot(instruction, line)) return why;
    }
  for (const judge::Quantity& quantity : plan.quantities)
    if (auto why = cannot_ask(quantity, plan)) return why;
  if (counts_copies_of_what_others_take_away(plan))
    return std::string(kHidden) + "whether a page was copied or came after one that was taken away";
  if (counts_copies_of_swapped(plan))
    return std::string(kHidden) + "whether a page that came back from swap was copied at once";
  return std::nullopt;
}

// What may come to nothing, so that a run that goes on shows nothing. References tell by
// themselves: see TestProcess::take().
bool may_come_to_nothing(Word word) {
  switch (word) {
    case Word::write:
    case Word::force:
    case Word::read:
    case Word::get:
    case Word::pin:
    case Word::peek:
    case Word::poke:
    case Word::drop:
    case Word::signal:
    case Word::wait:
    case Word::serve:
    case Word::exit:
      return false;
    default:
      return true;
  }
}

std::vector<const judge::Instruction*> watched_in(const judge::Plan& plan) {
  constexpr std::size_t kMost = 64;
  std::vector<const judge::Instruction*> watched;
  for (const judge::ThreadPlan& line : plan.threads)
    for (const judge::Instruction& each : line.code) {
      if (each.operation == nullptr || !may_come_to_nothing(each.operation->word)) continue;
      const bool asked =
          each.result && std::ranges::any_of(plan.quantities, [&](const judge::Quantity& q) {
            return q.atom->kind == AtomKind::reg && q.reg == *each.result;
          });
      if (!asked && watched.size() < kMost) watched.push_back(&each);
    }
  return watched;
}

Requirements requirements_of(const judge::Plan& plan) {
  Requirements needs;
  for (const model::PageSetup& page : plan.setup.pages) {
    needs.swap |= page.swapped;
    needs.ksm |= page.kind == model::PageKind::ksm;
    needs.hugetlb |= page.hugetlb;
    needs.huge_pages += page.hugetlb ? 1 : 0;
  }
  if (needs.hugetlb) needs.huge_pages += plan.setup.free_hugetlb;
  for (const judge::ThreadPlan& line : plan.threads)
    for (const judge::Instruction& instruction : line.code) {
      if (instruction.operation == nullptr) continue;
      const Word word = instruction.operation->word;
      needs.swap |= word == Word::swapout || word == Word::swapoff;
      needs.group |= word == Word::swapout && plan.processes.size() > 1;
      needs.ksm |= word == Word::merge;
      needs.split |= word == Word::split;
      needs.soft_dirty |= word == Word::clear_refs;
    }
  return needs;
}

}  // namespace

tl::expected<CompiledTest, std::string> compile(const litmus::Test& test) {
  auto plan = judge::plan(test);
  if (!plan) return tl::unexpected(fmt::format("{}; {}", plan.error().what, plan.error().advice));
  if (auto why = cannot(*plan)) return tl::unexpected(*why);
  auto uses = reference_uses_of(*plan);
  if (!uses) return tl::unexpected(uses.error());
  CompiledTest compiled;
  compiled.plan = std::move(*plan);
  compiled.placements = layout(compiled.plan);
  compiled.reference_uses = std::move(*uses);
  compiled.requirements = requirements_of(compiled.plan);
  compiled.ordered = ordered(compiled.plan);
  compiled.watched = watched_in(compiled.plan);
  compiled.read.assign(compiled.placements.size(), false);
  for (const judge::Quantity& quantity : compiled.plan.quantities) {
    const AtomKind kind = quantity.atom->kind;
    if (kind == AtomKind::content || kind == AtomKind::mapped) compiled.read[quantity.page] = true;
    if (kind != AtomKind::copies) continue;
    for (model::PageNo i = 0; i < quantity.pages; ++i) compiled.copied.push_back(quantity.page + i);
  }
  return compiled;
}

}  // namespace lab::kernel
