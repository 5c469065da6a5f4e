// The end of a file: the condition, what is expected, what must be reached.
#include <fmt/format.h>

#include "lab/litmus/parse/parse_parts.h"
#include "lab/litmus/vocabulary.h"

namespace lab::litmus {
namespace {

constexpr const char* kAtoms =
    "an atom is `C:r = 1`, `C:x = 1`, `copies(x) <= 1`, coherent(p), same(P:x, C:x), mapped(P:x), "
    "swapped(P:x), wp(P:x), softdirty(P:x), pinned(P:x), exclusive(P:x) or killed(P)";

struct Predicate {
  std::string_view name;
  AtomKind kind;
};
constexpr Predicate kPredicates[] = {
    {"coherent", AtomKind::coherent}, {"same", AtomKind::same},
    {"pinned", AtomKind::pinned},     {"exclusive", AtomKind::exclusive},
    {"swapped", AtomKind::swapped},   {"softdirty", AtomKind::softdirty},
    {"wp", AtomKind::protected_},     {"mapped", AtomKind::mapped},
    {"killed", AtomKind::killed},     {"copies", AtomKind::copies},
};

Comparison parse_comparison(Cursor& cursor, bool order) {
  if (cursor.accept("=")) return Comparison::equal;
  if (cursor.accept("!=")) return Comparison::unequal;
  if (order && cursor.accept("<=")) return Comparison::at_most;
  if (order && cursor.accept(">=")) return Comparison::at_least;
  cursor.expected(order ? "`=`, `!=`, `<=` or `>=`" : "`=` or `!=`");
  return Comparison::equal;
}

void parse_predicate(Cursor& cursor, Atom& atom) {
  cursor.expect("(");
  switch (atom.kind) {
    case AtomKind::coherent:
      atom.name = cursor.name("a reference");
      break;
    case AtomKind::killed:
      atom.process = cursor.name("a process");
      break;
    case AtomKind::same:
      atom.place = parse_place(cursor, false);
      cursor.expect(",", "write `same(P:x, C:x)`");
      atom.other = parse_place(cursor, false);
      break;
    default:
      atom.place = parse_place(cursor, false);
  }
  cursor.expect(")");
  if (atom.kind != AtomKind::copies) return;
  atom.comparison = parse_comparison(cursor, true);
  atom.value = cursor.number("how many copies");
}

// `C:r = 1` or `C:x[2].b = 1`. Which of them, parse() finds out: it knows the pages.
void parse_value(Cursor& cursor, Atom& atom) {
  atom.process = cursor.name("a process");
  atom.thread = cursor.accept(".") ? cursor.name("a thread") : kMain;
  cursor.expect(":", kAtoms);
  atom.place = parse_place(cursor, true);
  atom.name = atom.place.page;
  atom.comparison = parse_comparison(cursor, false);
  atom.value = cursor.number("a number");
}

Atom parse_atom(Cursor& cursor) {
  Atom atom;
  atom.at = cursor.where();
  if (!cursor.at_name()) {
    cursor.expected("a condition", kAtoms);
    return atom;
  }
  const Token& next = cursor.following();
  if (next.kind == TokenKind::sign && next.text == "(") {
    const std::string name = cursor.any_name("an atom");
    for (const Predicate& predicate : kPredicates)
      if (predicate.name == name) {
        atom.kind = predicate.kind;
        parse_predicate(cursor, atom);
        return atom;
      }
    cursor.fail(atom.at, fmt::format("there is no condition `{}(...)`", name), kAtoms);
  } else {
    parse_value(cursor, atom);
  }
  return atom;
}

Condition parse_either(Cursor& cursor, unsigned depth);

Condition parse_term(Cursor& cursor, unsigned depth) {
  Condition term;
  if (depth == kDeepest) {
    cursor.fail(cursor.where(), "the condition is nested too deep",
                fmt::format("{} deep is the most", kDeepest));
    return term;
  }
  if (cursor.accept("~")) {
    term.kind = Condition::Kind::no;
    term.parts.push_back(parse_term(cursor, depth + 1));
  } else if (cursor.accept("(")) {
    term = parse_either(cursor, depth + 1);
    cursor.expect(")");
  } else {
    term.atom = parse_atom(cursor);
  }
  return term;
}

// Parts with `sign` between. A part of the same kind, in parentheses, is taken apart: they mean
// nothing there.
template <typename Part>
Condition parse_chain(Cursor& cursor, unsigned depth, std::string_view sign, Condition::Kind kind,
                      Part part) {
  Condition whole;
  whole.kind = kind;
  do {
    cursor.skip_newlines();
    Condition next = part(cursor, depth);
    if (next.kind == kind)
      whole.parts.insert(whole.parts.end(), next.parts.begin(), next.parts.end());
    else
      whole.parts.push_back(std::move(next));
  } while (cursor.accept(sign));
  return whole.parts.size() == 1 ? Condition(whole.parts.front()) : whole;
}

Condition parse_both(Cursor& cursor, unsigned depth) {
  return parse_chain(cursor, depth, "/\\", Condition::Kind::both, parse_term);
}

Condition parse_either(Cursor& cursor, unsigned depth) {
  return parse_chain(cursor, depth, "\\/", Condition::Kind::either, parse_both);
}

Judges parse_judge(Cursor& cursor) {
  Judges judges;
  judges.at = cursor.where();
  judges.first = cursor.name("a rule-set");
  if (cursor.accept("..")) judges.last = cursor.name("a rule-set");
  while (cursor.at_sign(",")) {
    if (!judges.last.empty())
      cursor.fail(cursor.where(), "a range cannot be changed", "name its rule-sets one by one");
    cursor.advance();
    std::string knob = cursor.dotted("a knob, or `drop`");
    cursor.expect("=", "write `E1,knob=value` or `E1,drop=NAME`");
    std::string value = cursor.token().kind == TokenKind::number ? cursor.token().text : "";
    if (value.empty())
      value = cursor.dotted("a value");
    else
      cursor.advance();
    judges.changes.emplace_back(std::move(knob), std::move(value));
  }
  return judges;
}

Expect::Group parse_group(Cursor& cursor) {
  Expect::Group group;
  group.judges = parse_judges(cursor);
  cursor.expect(":", "write `expect A B: sometimes; C0..F: never`");
  const Where at = cursor.where();
  const std::string word = cursor.accept("-") ? "-" : cursor.any_name("a verdict");
  const std::optional<Verdict> verdict = value_of(word, Verdict::none);
  if (verdict)
    group.verdict = *verdict;
  else
    cursor.fail(
        at, fmt::format("there is no verdict `{}`", word),
        "a verdict is never, sometimes, always, hang, broken, or - for a test that means nothing "
        "there");
  return group;
}

}  // namespace

Condition parse_condition(Cursor& cursor) { return parse_either(cursor, 0); }

std::vector<Judges> parse_judges(Cursor& cursor) {
  std::vector<Judges> judges;
  do judges.push_back(parse_judge(cursor));
  while (cursor.at_name());
  return judges;
}

Expect parse_expect(Cursor& cursor) {
  Expect expect;
  expect.at = cursor.where();
  expect.remarks.before = cursor.comments();
  cursor.expect("expect");
  if (cursor.accept("tso")) {
    expect.memory = Memory::tso;
  } else if (cursor.accept("ra")) {
    expect.memory = Memory::ra;
  }
  do expect.groups.push_back(parse_group(cursor));
  while (cursor.accept(";"));
  cursor.end_line(expect.remarks);
  return expect;
}

Reach parse_reach(Cursor& cursor) {
  Reach reach;
  reach.at = cursor.where();
  reach.remarks.before = cursor.comments();
  cursor.expect("reach");
  reach.label = cursor.name("a label");
  if (cursor.accept("under")) reach.under = parse_judges(cursor);
  cursor.end_line(reach.remarks);
  return reach;
}

}  // namespace lab::litmus
