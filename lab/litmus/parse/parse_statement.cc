#include <algorithm>

#include <fmt/format.h>

#include "lab/litmus/parse/parse_parts.h"
#include "lab/litmus/vocabulary.h"
#include "lab/portable/ranges.h"

namespace lab::litmus {
namespace {

// What no statement begins with, and the next part of a file does.
bool begins_a_part(Cursor& cursor) {
  static constexpr std::string_view kParts[] = {"process", "thread", "forbidden", "exists",
                                                "allowed", "always", "expect",    "reach",
                                                "page",    "huge",   "folio",     "hugetlb"};
  return ranges::any_of(kParts, [&](std::string_view part) { return cursor.at_name(part); });
}

void unknown_word(Cursor& cursor) {
  if (begins_a_part(cursor))
    return cursor.fail(cursor.where(),
                       fmt::format("a `}}` is missing before `{}`", cursor.token().text),
                       "close each `{` with a `}` on a line of its own");
  std::vector<std::string> words{"if", "repeat"};
  for (const Syntax& syntax : vocabulary()) words.emplace_back(syntax.name);
  const std::string near = nearest(cursor.token().text, words);
  cursor.fail(cursor.where(), fmt::format("there is no word `{}`", cursor.token().text),
              near.empty() ? "docs/reference/litmus.md lists all words"
                           : fmt::format("perhaps `{}`?", near));
}

template <typename Enum>
Enum one_of(Cursor& cursor, Enum last) {
  std::string names;
  for (unsigned i = 0; i <= static_cast<unsigned>(last); ++i) {
    if (cursor.accept(name(static_cast<Enum>(i)))) return static_cast<Enum>(i);
    names += fmt::format("{}`{}`",
                         i == 0                             ? ""
                         : i == static_cast<unsigned>(last) ? " or "
                                                            : ", ",
                         name(static_cast<Enum>(i)));
  }
  cursor.expected(names);
  return last;
}

Access parse_access(Cursor& cursor, bool pinning) {
  Access access;
  while (cursor.at_name()) {
    if (cursor.accept("write")) {
      access.write = true;
    } else if (cursor.accept("fast")) {
      access.fast = true;
      access.only = cursor.accept("only");
    } else if (pinning && cursor.accept("long")) {
      access.lasting = true;
    } else {
      cursor.expected(
          pinning ? "`write`, `fast`, `fast only` or `long`" : "`write`, `fast` or `fast only`",
          cursor.at_name("long") ? "only a pin can last long: `pin`" : "");
    }
  }
  return access;
}

void parse_operand(Cursor& cursor, Operand operand, Operation& operation) {
  switch (operand) {
    case Operand::nothing:
      break;
    case Operand::place:
    case Operand::half:
      operation.place = parse_place(cursor, operand == Operand::half);
      break;
    case Operand::other:
      operation.other = parse_place(cursor, false);
      break;
    case Operand::value:
      operation.value = cursor.number("a number");
      break;
    case Operand::process:
      operation.name = cursor.name("a process");
      break;
    case Operand::label:
    case Operand::awaited:
      operation.name = cursor.dotted("a label");
      break;
    case Operand::reference:
      operation.name = cursor.name("a reference");
      break;
    case Operand::behind:
      operation.name = cursor.name("a reference");
      operation.half = parse_half(cursor);
      break;
    case Operand::protection:
      operation.protection = one_of(cursor, Protection::rw);
      break;
    case Operand::phase:
      operation.phase = one_of(cursor, Phase::end);
      break;
    case Operand::telling:
      operation.event = cursor.accept("event");
      break;
    case Operand::mode:
      if (cursor.accept("async"))
        operation.mode = WpMode::async;
      else if (cursor.accept("unpopulated"))
        operation.mode = WpMode::unpopulated;
      break;
    case Operand::protecting:
      operation.protects = cursor.accept("wp");
      break;
    case Operand::reading:
    case Operand::pinning:
      operation.access = parse_access(cursor, operand == Operand::pinning);
      break;
  }
}

Operation parse_operation(Cursor& cursor) {
  Operation operation;
  const Where at = cursor.where();
  std::string reference;
  if (cursor.at_name() && cursor.following().kind == TokenKind::sign &&
      cursor.following().text == "=") {
    reference = cursor.name("a reference");
    cursor.advance();
  }
  if (!cursor.at_name()) {
    cursor.expected("a statement", "docs/reference/litmus.md lists all words");
    return operation;
  }
  const Syntax* syntax = find_word(cursor.token().text);
  if (syntax == nullptr) {
    unknown_word(cursor);
    return operation;
  }
  operation.word = syntax->word;
  const bool takes = syntax->result == Result::reference;
  if (takes == reference.empty()) {
    cursor.fail(at,
                takes ? fmt::format("what `{}` takes needs a name", syntax->name)
                      : fmt::format("`{}` gives no reference", syntax->name),
                fmt::format("write `{}`", form(*syntax)));
    return operation;
  }
  cursor.advance();
  for (const Operand operand : syntax->operands) parse_operand(cursor, operand, operation);
  if (takes) operation.name = reference;
  const bool may = syntax->result == Result::needed || syntax->result == Result::may;
  if (may && cursor.accept("->")) {
    operation.result = cursor.name("a register");
  } else if (syntax->result == Result::needed) {
    cursor.expected("`->` and a register", fmt::format("write `{}`", form(*syntax)));
  } else if (!cursor.at_newline() && !cursor.at_sign("}") && !cursor.at_end()) {
    cursor.expected("the end of the line", fmt::format("write `{}`", form(*syntax)));
  }
  return operation;
}

// From after `{` to after `}`.
std::vector<Statement> parse_block(Cursor& cursor, Statement& owner, unsigned depth) {
  if (depth == kDeepest) {
    cursor.fail(cursor.where(), "blocks are nested too deep",
                fmt::format("{} deep is the most", kDeepest));
    return {};
  }
  cursor.expect("{");
  if (cursor.at_newline()) cursor.end_line(owner.remarks);
  std::vector<Statement> body = parse_statements(cursor, owner.last_remarks, depth + 1);
  cursor.expect("}", "the block began above");
  return body;
}

If parse_if(Cursor& cursor, Statement& owner, unsigned depth) {
  If branch;
  branch.reg = cursor.name("a register");
  branch.equal = !cursor.accept("!=");
  if (branch.equal) cursor.expect("=", "write `if REGISTER = NUMBER { ... }`, or `!=`");
  branch.value = cursor.number("a number");
  branch.body = parse_block(cursor, owner, depth);
  return branch;
}

Repeat parse_repeat(Cursor& cursor, Statement& owner, unsigned depth) {
  Repeat loop;
  const Where at = cursor.where();
  const std::uint64_t times = cursor.number("how often");
  constexpr std::uint64_t kMost = 10'000;
  if (times == 0 || times > kMost)
    cursor.fail(at, fmt::format("a block cannot be repeated {} times", times),
                fmt::format("from 1 to {}", kMost));
  loop.times = static_cast<std::uint32_t>(times);
  loop.body = parse_block(cursor, owner, depth);
  return loop;
}

Statement parse_statement(Cursor& cursor, unsigned depth) {
  Statement statement;
  statement.remarks.before = cursor.comments();
  if (cursor.at_name() && cursor.following().kind == TokenKind::sign &&
      cursor.following().text == ":") {
    statement.label = cursor.name("a label");
    cursor.advance();
  }
  statement.at = cursor.where();
  if (cursor.accept("if"))
    statement.what = parse_if(cursor, statement, depth);
  else if (cursor.accept("repeat"))
    statement.what = parse_repeat(cursor, statement, depth);
  else
    statement.what = parse_operation(cursor);
  Remarks end;
  cursor.end_line(end);
  if (statement.remarks.after.empty())
    statement.remarks.after = end.after;
  else if (!end.after.empty())
    statement.last_remarks.push_back(end.after);
  return statement;
}

}  // namespace

Half parse_half(Cursor& cursor) {
  if (!cursor.accept(".")) return Half::a;
  if (cursor.accept("b")) return Half::b;
  if (!cursor.accept("a"))
    cursor.expected("`a` or `b`", "a page has two halves: x.a, which is also x, and x.b");
  return Half::a;
}

Place parse_place(Cursor& cursor, bool halves) {
  Place place;
  place.at = cursor.where();
  place.page = cursor.name("a page");
  if (cursor.accept(":")) {
    place.process = std::move(place.page);
    place.page = cursor.name("a page");
  }
  if (cursor.accept("[")) {
    const Where at = cursor.where();
    const std::uint64_t index = cursor.number("the number of a page");
    if (index > 1'000) cursor.fail(at, fmt::format("there is no page {}", index), "");
    place.index = static_cast<std::uint32_t>(index);
    cursor.expect("]");
  }
  if (cursor.at_sign(".") && !halves)
    cursor.fail(cursor.where(), "here a page is meant, not a half of it", "leave out the half");
  place.half = parse_half(cursor);
  return place;
}

std::vector<Statement> parse_statements(Cursor& cursor, std::vector<std::string>& last,
                                        unsigned depth) {
  std::vector<Statement> statements;
  cursor.skip_newlines();
  while (!cursor.at_end() && !cursor.at_sign("}")) {
    statements.push_back(parse_statement(cursor, depth));
    cursor.skip_newlines();
  }
  last = cursor.comments();
  return statements;
}

}  // namespace lab::litmus
