#include "lab/litmus/parse/parse.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lab/litmus/check.h"
#include "lab/litmus/parse/parse_parts.h"
#include "lab/litmus/vocabulary.h"
#include "lab/portable/ranges.h"

namespace lab::litmus {
namespace {

void parse_head(Cursor& cursor, Test& test) {
  cursor.skip_newlines();
  test.remarks.before = cursor.comments();
  test.at = cursor.where();
  cursor.expect("litmus", "a test begins with `litmus NAME`");
  test.name = cursor.any_name("the test's name");
  cursor.end_line(test.remarks);
  cursor.skip_newlines();
  test.about = cursor.text("a sentence in quotes about the test");
  cursor.skip_newlines();
  for (auto [word, text] : {std::pair{"source", &test.source}, std::pair{"why", &test.why}}) {
    if (!cursor.accept(word)) continue;
    *text = cursor.text("a text in quotes");
    cursor.skip_newlines();
  }
}

std::optional<PageKind> at_page(const Cursor& cursor) {
  return cursor.at_name() ? value_of(cursor.token().text, PageKind::hugetlb) : std::nullopt;
}

std::uint32_t parse_count(Cursor& cursor, std::string_view what, std::uint64_t most) {
  const Where at = cursor.where();
  const std::uint64_t count = cursor.number(what);
  if (count > most)
    cursor.fail(at, fmt::format("{} is too many", count), fmt::format("up to {} can be had", most));
  return static_cast<std::uint32_t>(count);
}

void parse_attributes(Cursor& cursor, Page& page) {
  while (cursor.at_name()) {
    if (cursor.accept("held")) {
      page.held = parse_count(cursor, "how many references are held", 4096);
      continue;
    }
    const std::optional<Attribute> attribute = value_of(cursor.token().text, Attribute::continued);
    if (!attribute)
      return cursor.expected(
          "the end of the line",
          "a page can be zero, file, shared, ksm, swapped, readonly, unmapped, continued, held N");
    const auto place = ranges::lower_bound(page.attributes, *attribute);
    if (place != page.attributes.end() && *place == *attribute)
      return cursor.fail(cursor.where(), fmt::format("`{}` is said twice", name(*attribute)), "");
    page.attributes.insert(place, *attribute);
    cursor.advance();
  }
}

Page parse_page(Cursor& cursor, PageKind kind) {
  Page page;
  page.kind = kind;
  page.remarks.before = cursor.comments();
  cursor.advance();
  page.at = cursor.where();
  page.name = cursor.name("a page");
  if (kind == PageKind::huge || kind == PageKind::folio) {
    cursor.expect("[", fmt::format("write how many pages it has: `{} x[4]`", name(kind)));
    const Where at = cursor.where();
    const std::uint64_t count = cursor.number("how many pages it has");
    if (count < 2 || count > 16)
      cursor.fail(at, fmt::format("a large folio of {} pages", count), "from 2 to 16 can be had");
    page.count = static_cast<std::uint32_t>(count);
    cursor.expect("]");
  }
  if (cursor.accept("=")) page.value = cursor.number("a value");
  parse_attributes(cursor, page);
  cursor.end_line(page.remarks);
  return page;
}

void parse_surroundings(Cursor& cursor, Test& test) {
  if (cursor.accept("swap")) {
    const std::optional<Swap> swap =
        cursor.at_name() ? value_of(cursor.token().text, Swap::stable_writes) : std::nullopt;
    if (!swap) return cursor.expected("`ordinary`, `synchronous` or `stable_writes`");
    test.swap = *swap;
    cursor.advance();
    cursor.skip_newlines();
  }
  if (cursor.accept("free_hugetlb")) {
    test.free_hugetlb = parse_count(cursor, "how many huge pages are free", 16);
    cursor.skip_newlines();
  }
}

Thread parse_thread(Cursor& cursor) {
  Thread thread;
  thread.remarks.before = cursor.comments();
  cursor.expect("thread");
  thread.at = cursor.where();
  thread.name = cursor.name("a thread");
  cursor.expect("{");
  if (cursor.at_newline()) cursor.end_line(thread.remarks);
  thread.body = parse_statements(cursor, thread.last_remarks);
  cursor.expect("}", fmt::format("thread {} began in line {}", thread.name, thread.at.line));
  return thread;
}

Process parse_process(Cursor& cursor) {
  Process process;
  process.remarks.before = cursor.comments();
  cursor.expect("process");
  process.at = cursor.where();
  process.name = cursor.name("a process");
  if (cursor.accept("from")) process.parent = cursor.name("a process");
  cursor.expect("{");
  if (cursor.at_newline()) cursor.end_line(process.remarks);
  cursor.skip_newlines();
  if (cursor.at_name("thread")) {
    while (cursor.at_name("thread")) {
      process.threads.push_back(parse_thread(cursor));
      cursor.skip_newlines();
    }
    process.last_remarks = cursor.comments();
    if (!cursor.at_sign("}"))
      cursor.expected(
          "`thread` or `}`",
          fmt::format("process {} began in line {} and is still open: close it with `}}`; "
                      "a process has threads or statements, not both",
                      process.name, process.at.line));
  } else {
    Thread main;
    main.at = process.at;
    main.name = kMain;
    main.body = parse_statements(cursor, main.last_remarks);
    process.threads.push_back(std::move(main));
  }
  cursor.expect("}", fmt::format("process {} began in line {}", process.name, process.at.line));
  return process;
}

Final parse_final(Cursor& cursor) {
  Final final;
  final.at = cursor.where();
  final.remarks.before = cursor.comments();
  const std::optional<Claim> claim =
      cursor.at_name() ? value_of(cursor.token().text, Claim::always) : std::nullopt;
  if (!claim) {
    cursor.expected("a page, a process, or the end: `forbidden`, `exists`, `allowed` or `always`",
                    "docs/reference/litmus.md says in which order the parts of a file come");
    return final;
  }
  final.claim = *claim;
  cursor.advance();
  final.condition = parse_condition(cursor);
  cursor.end_line(final.remarks);
  return final;
}

// `C:v = 1` asks for a page if there is a page v, and for a register else.
void resolve(Condition& condition, const Test& test) {
  for (Condition& part : condition.parts) resolve(part, test);
  Atom& atom = condition.atom;
  if (condition.kind != Condition::Kind::atom || atom.kind != AtomKind::reg) return;
  const bool page = ranges::any_of(test.pages, [&](auto& p) { return p.name == atom.name; });
  // What only a page has asks for one, too; check() says that there is no such page.
  const bool as_page =
      atom.place.index || atom.place.half == Half::b || !atom.place.process.empty();
  if ((page && atom.thread == kMain) || as_page) {
    atom.kind = AtomKind::content;
    atom.place.process = std::exchange(atom.process, "");
    atom.name = atom.thread = "";
  } else {
    atom.place = {};
  }
}

Test parse_test(Cursor& cursor) {
  Test test;
  parse_head(cursor, test);
  for (auto kind = at_page(cursor); kind; kind = at_page(cursor)) {
    test.pages.push_back(parse_page(cursor, *kind));
    cursor.skip_newlines();
  }
  parse_surroundings(cursor, test);
  while (cursor.at_name("process")) {
    test.processes.push_back(parse_process(cursor));
    cursor.skip_newlines();
  }
  test.final = parse_final(cursor);
  resolve(test.final.condition, test);
  cursor.skip_newlines();
  while (cursor.at_name("expect")) {
    test.expects.push_back(parse_expect(cursor));
    cursor.skip_newlines();
  }
  while (cursor.at_name("reach")) {
    test.reaches.push_back(parse_reach(cursor));
    cursor.skip_newlines();
  }
  if (!cursor.at_end())
    cursor.expected("`expect`, `reach` or the end of the file",
                    "docs/reference/litmus.md says in which order the parts of a file come");
  test.last_remarks = cursor.comments();
  return test;
}

}  // namespace

tl::expected<Test, std::vector<Diagnostic>> parse(std::string_view text) {
  tl::expected<std::vector<Token>, Diagnostic> tokens = tokens_of(text);
  if (!tokens) return tl::unexpected(std::vector{std::move(tokens.error())});
  Cursor cursor(std::move(*tokens));
  Test test = parse_test(cursor);
  if (cursor.diagnostic()) return tl::unexpected(std::vector{*cursor.diagnostic()});
  std::vector<Diagnostic> diagnostics = check(test);
  if (!diagnostics.empty()) return tl::unexpected(std::move(diagnostics));
  return test;
}

}  // namespace lab::litmus
