#include "lab/spec/observation.h"

#include <utility>

#include <fmt/format.h>

#include "lab/litmus/print.h"
#include "lab/portable/ranges.h"

namespace lab::spec {
namespace {

using litmus::Atom;
using litmus::AtomKind;

Atom compares(AtomKind kind, std::size_t process, Value value) {
  Atom atom;
  atom.kind = kind;
  atom.process = process_name(process);
  atom.value = value;
  return atom;
}

class Judge {
 public:
  Judge(const Promise& promise, const Observation& seen) : promise_(promise), seen_(seen) {}

  std::vector<Breach> judge() {
    for (std::size_t p = 0; p < kProcesses; ++p) process(p);
    for (std::size_t r = 0; r < promise_.references(); ++r)
      if (promise_.reference(r).held && seen_.peek[r] != Observation::kNothing) reference(r);
    ranges::stable_sort(breaches_, is_worse);
    return std::move(breaches_);
  }

 private:
  void add(Harm harm, Atom atom, Known known = Known::no) {
    litmus::Condition end;
    end.atom = std::move(atom);
    add(harm, std::move(end), known);
  }
  void add(Harm harm, litmus::Condition end, Known known = Known::no) {
    std::string what = litmus::print(end);
    breaches_.push_back({harm, known, std::move(end), std::move(what)});
  }
  void add_not(Harm harm, Atom atom) {
    litmus::Condition no;
    no.kind = litmus::Condition::Kind::no;
    no.parts.emplace_back().atom = std::move(atom);
    add(harm, std::move(no));
  }

  // Through plain references anything may have come into the cell, or not.
  [[nodiscard]] bool fits(const Promise::Cell& cell, Value value) const {
    if (value == cell.value || (value == 0 && cell.may_be_zero)) return true;
    const Values loose = promise_.loose();
    if ((only(value) & loose) != 0) return true;
    return (cell.had & only(value)) != 0 && (cell.had & loose) != 0;
  }
  static Harm harm_of(const Promise::Cell& cell, Value value) {
    return (cell.had & only(value)) != 0 ? Harm::lost : Harm::leak;
  }

  void process(std::size_t p) {
    if (!promise_.alive(p)) return;
    if (seen_.killed[p])
      return add(Harm::killed, compares(AtomKind::killed, p, 0),
                 promise_.may_be_killed(p) ? Known::hugetlb_pool : Known::no);
    for (std::size_t i = 0; i < promise_.beginning().pages; ++i) {
      const Promise::Page& page = promise_.page(p, i);
      if (!page.mapped || page.protection == litmus::Protection::none) continue;
      const Promise::Cell& cell = promise_.cell(page.cell);
      const Value value = seen_.value[p][i];
      Atom atom;
      atom.place = place_of(promise_.beginning(), i);
      atom.place.process = process_name(p);
      if (value == Observation::kUnreadable) {
        atom.kind = AtomKind::mapped;
        add_not(Harm::lost, std::move(atom));
      } else if (!fits(cell, value)) {
        atom.kind = AtomKind::content;
        atom.value = value;
        // The first process made the reservation, and takes what is left from its child.
        const bool taken_away = p == 1 && value == 0 && cell.hugetlb;
        add(harm_of(cell, value), std::move(atom),
            is_dropped(cell, value) ? Known::lazyfree_shared
            : taken_away            ? if_pool_was_short()
                                    : if_refused(cell, value));
      }
    }
  }
  static bool is_dropped(const Promise::Cell& cell, Value value) {
    return value == 0 && cell.may_be_dropped;
  }
  [[nodiscard]] Known if_pool_was_short() const {
    return promise_.pool_was_short() ? Known::hugetlb_pool : Known::no;
  }
  // The latest write may not have been done.
  [[nodiscard]] Known if_refused(const Promise::Cell& cell, Value value) const {
    const bool refused = cell.may_be_refused && harm_of(cell, value) == Harm::lost;
    return refused ? if_pool_was_short() : Known::no;
  }

  void reference(std::size_t r) {
    const Promise::Reference& reference = promise_.reference(r);
    const Promise::Cell& cell = promise_.cell(reference.cell);
    const Value value = seen_.peek[r];
    const bool is_of_other = cell.hugetlb && !reference.pin &&
                             (promise_.written(1 - reference.process) & only(value)) != 0;
    Atom atom = compares(AtomKind::reg, promise_.user_of(reference), value);
    atom.thread = litmus::kMain;
    atom.name = register_name(r);
    if ((reference.may & only(value)) == 0 && (only(value) & promise_.loose()) == 0)
      return add(harm_of(cell, value), std::move(atom),
                 is_dropped(cell, value) ? Known::lazyfree_shared
                 : is_of_other           ? Known::hugetlb_references
                                         : if_refused(cell, value));
    if (!reference.coherent || !promise_.in_place(reference)) return;
    if (!fits(cell, value)) return add(Harm::lost, std::move(atom), if_refused(cell, value));
    if (seen_.coherent[r]) return;
    Atom together;
    together.kind = AtomKind::coherent;
    together.name = reference_name(r);
    add_not(Harm::lost, std::move(together));
  }

  const Promise& promise_;
  const Observation& seen_;
  std::vector<Breach> breaches_;
};

}  // namespace

const char* name(Harm harm) {
  static constexpr const char* kNames[] = {"leak", "lost", "killed", "hang", "broken"};
  return kNames[static_cast<std::size_t>(harm)];
}

const char* name(Known known) {
  static constexpr const char* kNames[] = {"", "hugetlb-references", "hugetlb-pool",
                                           "lazyfree-shared"};
  return kNames[static_cast<std::size_t>(known)];
}

bool is_worse(const Breach& one, const Breach& other) {
  const auto rank = [](const Breach& breach) {
    return std::pair(breach.known != Known::no, breach.harm);
  };
  return rank(one) < rank(other);
}

const char* process_name(std::size_t process) { return process == 0 ? "P" : "C"; }
const char* reference_name(std::size_t reference) {
  static constexpr const char* kNames[] = {"p", "q", "s"};
  return kNames[reference];
}
std::string register_name(std::size_t reference) { return fmt::format("r{}", reference); }

litmus::Place place_of(const Beginning& beginning, std::size_t page) {
  litmus::Place place;
  place.page = beginning.large || page == 0 ? "x" : "y";
  if (beginning.large) place.index = static_cast<std::uint32_t>(page);
  return place;
}
std::string page_name(const Beginning& beginning, std::size_t page) {
  return litmus::print(place_of(beginning, page));
}

std::uint64_t Observation::packed() const {
  std::uint64_t bits = 0;
  const auto put = [&](std::uint64_t number, unsigned width) { bits = bits << width | number; };
  for (const auto& pages : value)
    for (const Value each : pages) put(each, 8);
  for (const Value each : peek) put(each, 8);
  for (const bool each : coherent) put(each, 1);
  for (const bool each : killed) put(each, 1);
  put(fork_refused, 1);
  return bits;
}

Observation Observation::unpack(std::uint64_t bits) {
  Observation seen;
  const auto get = [&](unsigned width) {
    const std::uint64_t number = bits & ((std::uint64_t{1} << width) - 1);
    bits >>= width;
    return number;
  };
  seen.fork_refused = get(1) != 0;
  for (std::size_t i = kProcesses; i-- > 0;) seen.killed[i] = get(1) != 0;
  for (std::size_t i = kReferences; i-- > 0;) seen.coherent[i] = get(1) != 0;
  for (std::size_t i = kReferences; i-- > 0;) seen.peek[i] = static_cast<Value>(get(8));
  for (std::size_t p = kProcesses; p-- > 0;)
    for (std::size_t i = kPages; i-- > 0;) seen.value[p][i] = static_cast<Value>(get(8));
  return seen;
}

std::vector<Breach> breaches(const Promise& promise, const Observation& seen) {
  if (seen.fork_refused) return {};
  return Judge(promise, seen).judge();
}

}  // namespace lab::spec
