#include "lab/hunt/program/ends.h"

#include <utility>
#include <vector>

#include "lab/hunt/program/test.h"

namespace lab::hunt {
namespace {

using litmus::AtomKind;
using litmus::Condition;
using spec::Observation;

Condition is(litmus::Atom atom) {
  Condition condition;
  condition.atom = std::move(atom);
  return condition;
}

Condition is_or_not(bool so, litmus::Atom atom) {
  if (so) return is(std::move(atom));
  Condition no;
  no.kind = Condition::Kind::no;
  no.parts.push_back(is(std::move(atom)));
  return no;
}

// Calls `with(what was seen here and there, the condition that says the first)` for all there is.
template <typename With>
void each_end(const spec::Promise& promise, const Observation& one, const Observation& other,
              With with) {
  for (std::size_t p = 0; p < spec::kProcesses; ++p) {
    if (!promise.alive(p)) continue;
    litmus::Atom dead;
    dead.kind = AtomKind::killed;
    dead.process = spec::process_name(p);
    if (one.killed[p] || other.killed[p])
      with(one.killed[p] == other.killed[p], is_or_not(one.killed[p], dead));
    if (one.killed[p] || other.killed[p]) continue;
    for (std::size_t i = 0; i < promise.beginning().pages; ++i) {
      const spec::Promise::Page& page = promise.page(p, i);
      if (!page.mapped || page.protection == litmus::Protection::none) continue;
      litmus::Atom atom;
      atom.place = spec::place_of(promise.beginning(), i);
      atom.place.process = spec::process_name(p);
      const bool readable = one.value[p][i] != Observation::kUnreadable;
      atom.kind = readable ? AtomKind::content : AtomKind::mapped;
      if (readable) atom.value = one.value[p][i];
      with(one.value[p][i] == other.value[p][i], is_or_not(readable, std::move(atom)));
    }
  }
  for (std::size_t r = 0; r < promise.references(); ++r) {
    if (!promise.reference(r).held) continue;
    litmus::Atom atom;
    atom.kind = AtomKind::reg;
    atom.process = spec::process_name(promise.user_of(promise.reference(r)));
    atom.thread = litmus::kMain;
    atom.name = spec::register_name(r);
    // A reference that could not be taken reads 0.
    atom.value = one.peek[r] == Observation::kNothing ? 0 : one.peek[r];
    with(one.peek[r] == other.peek[r], is(std::move(atom)));
    litmus::Atom together;
    together.kind = AtomKind::coherent;
    together.name = spec::reference_name(r);
    with(one.coherent[r] == other.coherent[r], is_or_not(one.coherent[r], std::move(together)));
  }
}

}  // namespace

std::optional<Condition> difference(const spec::Promise& promise, const Observation& one,
                                    const Observation& other) {
  std::optional<Condition> first;
  if (one == other) return first;
  each_end(promise, one, other, [&](bool same, Condition condition) {
    if (!same && !first) first = std::move(condition);
  });
  return first;
}

Condition whole(const spec::Promise& promise, const Observation& seen) {
  Condition all;
  all.kind = Condition::Kind::both;
  each_end(promise, seen, seen,
           [&](bool, Condition condition) { all.parts.push_back(std::move(condition)); });
  if (all.parts.size() == 1) return all.parts.front();
  if (!all.parts.empty()) return all;
  litmus::Atom dead;
  dead.kind = AtomKind::killed;
  dead.process = spec::process_name(0);
  return is_or_not(false, std::move(dead));
}

std::optional<Condition> seen_outside(const spec::Promise& promise, const Observation& seen) {
  Condition all;
  all.kind = Condition::Kind::both;
  for (std::size_t p = 0; p < spec::kProcesses; ++p)
    for (std::size_t i = 0; promise.alive(p) && i < promise.beginning().pages; ++i) {
      const spec::Promise::Page& page = promise.page(p, i);
      const bool readable = page.mapped && page.protection != litmus::Protection::none;
      if (!readable || promise.cell(page.cell).may_be_zero) continue;
      litmus::Atom atom;
      atom.kind = AtomKind::content;
      atom.place = spec::place_of(promise.beginning(), i);
      atom.place.process = spec::process_name(p);
      atom.value = seen.value[p][i];
      all.parts.push_back(is(std::move(atom)));
    }
  for (std::size_t r = 0; r < promise.references(); ++r) {
    const spec::Promise::Reference& reference = promise.reference(r);
    if (!is_looked_at(reference, Looks::outside) || seen.peek[r] == Observation::kNothing) continue;
    if (promise.cell(reference.cell).may_be_zero) continue;
    litmus::Atom atom;
    atom.kind = AtomKind::reg;
    atom.process = spec::process_name(promise.user_of(reference));
    atom.thread = litmus::kMain;
    atom.name = spec::register_name(r);
    atom.value = seen.peek[r];
    all.parts.push_back(is(std::move(atom)));
  }
  if (all.parts.empty()) return std::nullopt;
  if (all.parts.size() == 1) return all.parts.front();
  return all;
}

}  // namespace lab::hunt
