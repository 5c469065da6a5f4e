#include "lab/engine/vocabulary.h"

#include <algorithm>

#include <fmt/format.h>

#include "lab/engine/stage/stage.h"
#include "lab/litmus/vocabulary.h"

namespace lab::engine {
namespace {

using litmus::Attribute;
using litmus::Operation;
using litmus::Word;
using Reason = std::optional<std::string>;

Reason about(const litmus::Page& page) {
  if (page.kind != litmus::PageKind::page || page.count != 1) return "a space has no large pages";
  if (page.held != 0) return "nothing outside a pool holds its frames";
  for (const Attribute attribute : page.attributes) {
    if (attribute == Attribute::zero || attribute == Attribute::readonly ||
        attribute == Attribute::unmapped || attribute == Attribute::swapped ||
        attribute == Attribute::ksm)
      continue;
    return "a space's pages are its own, of no file and of no other page";
  }
  return std::nullopt;
}

Reason about(const Operation& operation) {
  switch (operation.word) {
    case Word::write:
    case Word::read:
    case Word::fork:
    case Word::exit:
    case Word::signal:
    case Word::wait:
    case Word::peek:
    case Word::poke:
    case Word::drop:
    case Word::unmap:
    case Word::map:
    case Word::discard:
    case Word::protect:
    case Word::swapout:
    case Word::merge:
      return std::nullopt;
    case Word::get:
      if (operation.access.write) return "a hold is for reading";
      if (operation.access.fast) return "a hold is taken under the lock";
      return std::nullopt;
    case Word::pin:
      if (operation.access.only) return "a pin that finds the fast way barred takes the lock";
      return std::nullopt;
    default:
      return fmt::format("there is no `{}`", litmus::syntax(operation.word).name);
  }
}

Reason about(const litmus::Atom& atom, const judge::Plan& plan) {
  if (atom.kind == litmus::AtomKind::protected_ || atom.kind == litmus::AtomKind::softdirty)
    return "a space asks no handler, and notes no writes";
  if (atom.kind == litmus::AtomKind::copies && plan.setup.pages.size() > 1)
    return "a pool counts its copies, not those of a page";
  return std::nullopt;
}

bool is_hold(const judge::Plan& plan, std::uint32_t reference) {
  for (const judge::ThreadPlan& thread : plan.threads)
    for (const judge::Instruction& i : thread.code)
      if (i.operation != nullptr && i.operation->word == Word::get && i.reference == reference)
        return true;
  return false;
}

Reason about_threads(const judge::Plan& plan) {
  for (const judge::ThreadPlan& thread : plan.threads) {
    for (const judge::Instruction& i : thread.code) {
      if (i.operation == nullptr) continue;
      if (Reason reason = about(*i.operation)) return reason;
      if (i.operation->word == Word::poke && is_hold(plan, i.reference))
        return "a hold is for reading";
      const bool alone =
          std::ranges::count(plan.threads, thread.process, &judge::ThreadPlan::process) == 1;
      if (i.operation->word == Word::exit && !alone)
        return "a space does not end while another thread has an accessor";
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> no_word_for(const judge::Plan& plan) {
  for (const litmus::Page& page : plan.test->pages)
    if (Reason reason = about(page)) return reason;
  if (Reason reason = about_threads(plan)) return reason;
  for (const judge::Quantity& quantity : plan.quantities)
    if (Reason reason = about(*quantity.atom, plan)) return reason;
  if (plan.processes.size() > Stage::kMost || plan.threads.size() > Stage::kMost ||
      plan.references.size() > Stage::kMost)
    return "it has more of something than the judge has room for";
  return std::nullopt;
}

}  // namespace lab::engine
