#include "lab/litmus/print.h"

#include <fmt/format.h>

#include "lab/litmus/vocabulary.h"

namespace lab::litmus {
namespace {

constexpr std::size_t kWidth = 100;

std::string half_of(Half half) { return half == Half::b ? ".b" : ""; }

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

// `head` and the text in quotes, broken between words where a line would be too long.
std::string wrapped(std::string head, std::string_view text) {
  const std::string words = quoted(text);
  std::string result;
  std::string line = std::move(head);
  std::size_t at = 0;
  bool first = true;
  while (at <= words.size()) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    const std::string_view word = std::string_view(words).substr(at, end - at);
    if (!first && line.size() + 1 + word.size() > kWidth) {
      result += line + '\n';
      line = "    ";
    } else if (!first) {
      line += ' ';
    }
    line += word;
    first = false;
    at = end + 1;
  }
  return result + line + '\n';
}

std::string comment(std::string_view words) {
  return words == " " ? "#" : fmt::format("# {}", words);
}

class Printer {
 public:
  std::string result;

  void test(const Test& test) {
    comments(test.remarks.before);
    line(fmt::format("litmus {}", test.name), test.remarks);
    result += wrapped("", test.about);
    if (!test.source.empty()) result += wrapped("source ", test.source);
    if (!test.why.empty()) result += wrapped("why ", test.why);
    result += '\n';
    for (const Page& page : test.pages) this->page(page);
    if (test.swap != Swap::ordinary) result += fmt::format("swap {}\n", name(test.swap));
    if (test.free_hugetlb) result += fmt::format("free_hugetlb {}\n", *test.free_hugetlb);
    for (const Process& process : test.processes) this->process(process);
    result += '\n';
    comments(test.final.remarks.before);
    line(fmt::format("{} {}", name(test.final.claim), print(test.final.condition)),
         test.final.remarks);
    for (const Expect& expect : test.expects) this->expect(expect);
    for (const Reach& reach : test.reaches) this->reach(reach);
    comments(test.last_remarks);
  }

  void statement(const Statement& statement) {
    comments(statement.remarks.before);
    const std::string label = statement.label.empty() ? "" : statement.label + ": ";
    const std::vector<Statement>* body = nullptr;
    if (const auto* branch = std::get_if<If>(&statement.what)) body = &branch->body;
    if (const auto* loop = std::get_if<Repeat>(&statement.what)) body = &loop->body;
    line(label + headline(statement) + (body ? " {" : ""), statement.remarks);
    if (body) block(*body, statement.last_remarks);
  }

 private:
  void line(const std::string& text, const Remarks& remarks) {
    result.append(2 * depth_, ' ');
    result += text;
    if (!remarks.after.empty()) result += "  " + comment(remarks.after);
    result += '\n';
  }

  void line(const std::string& text) { line(text, Remarks{}); }

  void comments(const std::vector<std::string>& lines) {
    for (const std::string& words : lines) line(comment(words));
  }

  void page(const Page& page) {
    comments(page.remarks.before);
    std::string text = fmt::format("{} {}", name(page.kind), page.name);
    if (page.kind == PageKind::huge || page.kind == PageKind::folio)
      text += fmt::format("[{}]", page.count);
    if (page.value != 0) text += fmt::format(" = {}", page.value);
    for (const Attribute attribute : page.attributes) text += fmt::format(" {}", name(attribute));
    if (page.held != 0) text += fmt::format(" held {}", page.held);
    line(text, page.remarks);
  }

  void block(const std::vector<Statement>& body, const std::vector<std::string>& last) {
    ++depth_;
    for (const Statement& each : body) statement(each);
    comments(last);
    --depth_;
    line("}");
  }

  void process(const Process& process) {
    result += '\n';
    comments(process.remarks.before);
    const std::string from = process.parent.empty() ? "" : fmt::format(" from {}", process.parent);
    line(fmt::format("process {}{} {{", process.name, from), process.remarks);
    const Thread& first = process.threads.front();
    const bool plain = process.threads.size() == 1 && first.name == kMain &&
                       first.remarks == Remarks{} && process.last_remarks.empty();
    if (plain) return block(first.body, first.last_remarks);
    ++depth_;
    for (const Thread& thread : process.threads) {
      comments(thread.remarks.before);
      line(fmt::format("thread {} {{", thread.name), thread.remarks);
      block(thread.body, thread.last_remarks);
    }
    comments(process.last_remarks);
    --depth_;
    line("}");
  }

  void expect(const Expect& expect) {
    comments(expect.remarks.before);
    std::string text = "expect ";
    if (expect.memory != Memory::sc) text += fmt::format("{} ", name(expect.memory));
    for (std::size_t i = 0; i < expect.groups.size(); ++i)
      text += fmt::format("{}{}: {}", i == 0 ? "" : "; ", several(expect.groups[i].judges),
                          name(expect.groups[i].verdict));
    line(text, expect.remarks);
  }

  void reach(const Reach& reach) {
    comments(reach.remarks.before);
    line(fmt::format("reach {}{}", reach.label,
                     reach.under.empty() ? "" : " under " + several(reach.under)),
         reach.remarks);
  }

  static std::string several(const std::vector<Judges>& judges) {
    std::string text;
    for (const Judges& each : judges) text += (text.empty() ? "" : " ") + print(each);
    return text;
  }

  std::size_t depth_ = 0;
};

std::string print(const Access& access, bool pinning) {
  std::string result;
  if (access.write) result += " write";
  if (access.fast) result += access.only ? " fast only" : " fast";
  if (pinning && access.lasting) result += " long";
  return result;
}

std::string print(Operand operand, const Operation& operation) {
  switch (operand) {
    case Operand::nothing:
      return "";
    case Operand::place:
    case Operand::half:
      return ' ' + print(operation.place);
    case Operand::other:
      return ' ' + print(operation.other);
    case Operand::value:
      return fmt::format(" {}", operation.value);
    case Operand::process:
    case Operand::label:
    case Operand::awaited:
    case Operand::reference:
      return ' ' + operation.name;
    case Operand::behind:
      return ' ' + operation.name + half_of(operation.half);
    case Operand::telling:
      return operation.event ? " event" : "";
    case Operand::mode:
      return operation.mode == WpMode::waits ? "" : fmt::format(" {}", name(operation.mode));
    case Operand::protecting:
      return operation.protects ? " wp" : "";
    case Operand::protection:
      return fmt::format(" {}", name(operation.protection));
    case Operand::phase:
      return fmt::format(" {}", name(operation.phase));
    case Operand::reading:
    case Operand::pinning:
      return print(operation.access, operand == Operand::pinning);
  }
  return "";
}

std::string print(const Atom& atom) {
  const std::string comparison = fmt::format(" {} {}", name(atom.comparison), atom.value);
  switch (atom.kind) {
    case AtomKind::reg:
      return fmt::format("{}{}:{}{}", atom.process, atom.thread == kMain ? "" : '.' + atom.thread,
                         atom.name, comparison);
    case AtomKind::content:
      return print(atom.place) + comparison;
    case AtomKind::coherent:
      return fmt::format("coherent({})", atom.name);
    case AtomKind::same:
      return fmt::format("same({}, {})", print(atom.place), print(atom.other));
    case AtomKind::pinned:
      return fmt::format("pinned({})", print(atom.place));
    case AtomKind::exclusive:
      return fmt::format("exclusive({})", print(atom.place));
    case AtomKind::protected_:
      return fmt::format("wp({})", print(atom.place));
    case AtomKind::softdirty:
      return fmt::format("softdirty({})", print(atom.place));
    case AtomKind::swapped:
      return fmt::format("swapped({})", print(atom.place));
    case AtomKind::mapped:
      return fmt::format("mapped({})", print(atom.place));
    case AtomKind::killed:
      return fmt::format("killed({})", atom.process);
    case AtomKind::copies:
      return fmt::format("copies({}){}", print(atom.place), comparison);
  }
  return "";
}

}  // namespace

std::string print(const Place& place) {
  std::string result = place.process.empty() ? "" : place.process + ':';
  result += place.page;
  if (place.index) result += fmt::format("[{}]", *place.index);
  return result + half_of(place.half);
}

std::string print(const Operation& operation) {
  const Syntax& how = syntax(operation.word);
  std::string result = how.result == Result::reference ? operation.name + " = " : "";
  result += how.name;
  for (const Operand operand : how.operands) result += print(operand, operation);
  if (!operation.result.empty()) result += " -> " + operation.result;
  return result;
}

std::string print(const Condition& condition) {
  using Kind = Condition::Kind;
  if (condition.kind == Kind::atom) return print(condition.atom);
  std::string result = condition.kind == Kind::no ? "~" : "";
  for (std::size_t i = 0; i < condition.parts.size(); ++i) {
    const Condition& part = condition.parts[i];
    // `/\` binds more than `\/`, and `~` most.
    const bool loose = part.kind == Kind::either || part.kind == Kind::both;
    const bool bare = !loose || (condition.kind == Kind::either && part.kind == Kind::both);
    if (i > 0) result += condition.kind == Kind::both ? " /\\ " : " \\/ ";
    result += bare ? print(part) : '(' + print(part) + ')';
  }
  return result;
}

std::string print(const Judges& judges) {
  std::string result = judges.first;
  if (!judges.last.empty()) result += ".." + judges.last;
  for (const auto& [knob, value] : judges.changes) result += fmt::format(",{}={}", knob, value);
  return result;
}

std::string headline(const Statement& statement) {
  if (const auto* branch = std::get_if<If>(&statement.what))
    return fmt::format("if {} {} {}", branch->reg, branch->equal ? "=" : "!=", branch->value);
  if (const auto* loop = std::get_if<Repeat>(&statement.what))
    return fmt::format("repeat {}", loop->times);
  return print(std::get<Operation>(statement.what));
}

std::string print(const Test& test) {
  Printer printer;
  printer.test(test);
  return printer.result;
}

}  // namespace lab::litmus
