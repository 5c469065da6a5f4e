// Tests made at random, as wild as the language allows.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "lab/litmus/test.h"
#include "lab/litmus/vocabulary.h"

namespace lab::litmus {

/// Each seed makes one test that keeps the grammar and all that check() asks for.
class RandomTest {
 public:
  explicit RandomTest(unsigned seed) : random_(seed) {}

  Test make() {
    Test test;
    test.name = one_of({"a", "fork-race", "T12_b"});
    test.about = text();
    if (maybe()) test.source = text();
    if (maybe()) test.why = text();
    test.remarks = remarks();
    for (unsigned i = 0, count = 1 + below(3); i < count; ++i) test.pages.push_back(page(i));
    pages_ = test.pages;
    test.swap = static_cast<Swap>(below(3));
    if (maybe()) test.free_hugetlb = below(3);
    for (unsigned i = 0, count = 1 + below(3); i < count; ++i) test.processes.push_back(process(i));
    for (std::size_t i = 1; i < test.processes.size(); ++i) fork(test, i);
    processes_ = test.processes;
    test.final.claim = static_cast<Claim>(below(4));
    test.final.condition = condition(0);
    test.final.remarks = remarks();
    for (unsigned i = 0, count = below(3); i < count; ++i) test.expects.push_back(expect());
    if (!labels_.empty() && maybe())
      test.reaches.push_back({{}, remarks(), labels_.front(), maybe() ? judges() : no_judges()});
    test.last_remarks = comments();
    return test;
  }

 private:
  unsigned below(unsigned count) { return static_cast<unsigned>(random_() % count); }
  bool maybe() { return below(3) == 0; }
  std::string one_of(std::vector<std::string> texts) {
    return texts[below(static_cast<unsigned>(texts.size()))];
  }

  std::string text() {
    std::string words = one_of({"A", "\"quoted\"", "back\\slash", "ü"});
    for (unsigned i = below(40); i > 0; --i)
      words += ' ' + one_of({"page", "#", "\"", "{", "a-rather-long-word", "1"});
    return words;
  }

  std::vector<std::string> comments() {
    std::vector<std::string> lines;
    for (unsigned i = maybe() ? below(3) : 0; i > 0; --i)
      lines.push_back(one_of({"why", " ", "# twice", "write x 1", "\"open"}));
    return lines;
  }
  Remarks remarks() { return {comments(), maybe() ? one_of({"tail", " ", "}"}) : ""}; }

  Page page(unsigned number) {
    Page page;
    page.name = std::string("xyz").substr(number, 1);
    page.kind = static_cast<PageKind>(below(4));
    if (page.kind == PageKind::huge || page.kind == PageKind::folio) page.count = 2 + below(4);
    page.held = maybe() ? below(2000) : 0;
    for (unsigned i = 0; i <= static_cast<unsigned>(Attribute::continued); ++i)
      if (maybe()) page.attributes.push_back(static_cast<Attribute>(i));
    if (!std::ranges::count(page.attributes, Attribute::zero)) page.value = below(300);
    page.remarks = remarks();
    return page;
  }

  Process process(unsigned number) {
    Process process;
    process.name = "P" + std::to_string(number);
    if (number > 0) process.parent = "P" + std::to_string(below(number));
    process.remarks = remarks();
    const unsigned count = 1 + below(2);
    for (unsigned i = 0; i < count; ++i) process.threads.push_back(thread(process.name, i));
    if (count > 1) process.last_remarks = comments();
    return process;
  }

  // Each begins with a reference, a register and a label of its own, so that all it says of them is
  // right.
  Thread thread(const std::string& process, unsigned number) {
    Thread thread;
    thread.name = number == 0 ? kMain : "t" + std::to_string(number);
    if (number > 0) thread.remarks = remarks();
    reference_ = "p_" + process + thread.name;
    references_.push_back(reference_);
    signals_.push_back("done." + process + "." + thread.name);
    thread.body.push_back(statement(operation(Word::pin)));
    thread.body.push_back(statement(operation(Word::read)));
    Operation signal;
    signal.word = Word::signal;
    signal.name = signals_.back();
    thread.body.push_back(statement(signal));
    for (Statement& each : body(0)) thread.body.push_back(std::move(each));
    thread.last_remarks = comments();
    return thread;
  }

  std::vector<Statement> body(unsigned depth) {
    std::vector<Statement> body;
    for (unsigned i = below(5); i > 0; --i) {
      if (depth < 4 && maybe()) {
        body.push_back(maybe() ? branch(depth) : loop(depth));
        continue;
      }
      const auto words = static_cast<unsigned>(vocabulary().size());
      const auto word = static_cast<Word>(below(words));
      if (word != Word::fork && word != Word::exit) body.push_back(statement(operation(word)));
    }
    return body;
  }

  Statement statement(Operation operation) {
    Statement statement;
    statement.what = std::move(operation);
    statement.remarks = remarks();
    if (below(6) == 0) {
      statement.label = "s" + std::to_string(labels_.size());
      labels_.push_back(statement.label);
    }
    return statement;
  }

  Statement branch(unsigned depth) {
    Statement statement;
    statement.remarks = remarks();
    statement.what = If{"r", maybe(), below(9), body(depth + 1)};
    statement.last_remarks = comments();
    return statement;
  }

  Statement loop(unsigned depth) {
    Statement statement;
    statement.remarks = remarks();
    statement.what = Repeat{1 + below(4), body(depth + 1)};
    statement.last_remarks = comments();
    return statement;
  }

  Place place(bool halves) {
    const Page& page = pages_[below(static_cast<unsigned>(pages_.size()))];
    Place place;
    place.page = page.name;
    if (maybe()) place.process = "P0";
    if (maybe()) place.index = below(page.count);
    if (halves && maybe()) place.half = Half::b;
    return place;
  }

  Operation operation(Word word) {
    Operation operation;
    operation.word = word;
    for (const Operand operand : syntax(word).operands) operand_of(operand, operation);
    const Result result = syntax(word).result;
    if (result == Result::needed || (result == Result::may && maybe())) operation.result = "r";
    if (result == Result::reference) operation.name = reference_;
    return operation;
  }

  void operand_of(Operand operand, Operation& operation) {
    switch (operand) {
      case Operand::place:
      case Operand::half:
        operation.place = place(operand == Operand::half);
        break;
      case Operand::other:
        operation.other = place(false);
        break;
      case Operand::value:
        operation.value = below(1000);
        break;
      case Operand::label:
      case Operand::awaited:
        operation.name = one_of(signals_);
        break;
      case Operand::reference:
      case Operand::behind:
        operation.name = one_of(references_);
        if (operand == Operand::behind && maybe()) operation.half = Half::b;
        break;
      case Operand::protection:
        operation.protection = static_cast<Protection>(below(3));
        break;
      case Operand::protecting:
        operation.protects = maybe();
        break;
      case Operand::phase:
        operation.phase = static_cast<Phase>(below(2));
        break;
      case Operand::reading:
      case Operand::pinning:
        operation.access.write = maybe();
        operation.access.fast = maybe();
        operation.access.only = operation.access.fast && maybe();
        operation.access.lasting = operand == Operand::pinning && maybe();
        break;
      default:
        break;
    }
  }

  void fork(Test& test, std::size_t child) {
    Statement statement;
    Operation fork;
    fork.word = Word::fork;
    fork.name = test.processes[child].name;
    statement.what = fork;
    for (Process& process : test.processes)
      if (process.name == test.processes[child].parent)
        process.threads.front().body.push_back(statement);
  }

  Condition condition(unsigned depth) {
    Condition condition;
    const unsigned kind = depth < 4 ? below(4) : 0;
    condition.kind = static_cast<Condition::Kind>(kind);
    if (condition.kind == Condition::Kind::atom) {
      condition.atom = atom();
    } else if (condition.kind == Condition::Kind::no) {
      condition.parts.push_back(this->condition(depth + 1));
    } else {
      for (unsigned i = 2 + below(2); i > 0; --i) {
        Condition part = this->condition(depth + 1);
        if (part.kind == condition.kind) part = Condition{{}, atom(), {}};
        condition.parts.push_back(std::move(part));
      }
    }
    return condition;
  }

  Place place_of_somebody() {
    Place place = this->place(false);
    place.process = processes_[below(static_cast<unsigned>(processes_.size()))].name;
    return place;
  }

  Atom atom() {
    Atom atom;
    atom.kind = static_cast<AtomKind>(below(static_cast<unsigned>(AtomKind::killed) + 1));
    const Process& process = processes_[below(static_cast<unsigned>(processes_.size()))];
    switch (atom.kind) {
      case AtomKind::reg:
        atom.process = process.name;
        atom.thread = process.threads.back().name;
        atom.name = "r";
        compare(atom, 2);
        break;
      case AtomKind::content:
        atom.place = place_of_somebody();
        if (maybe()) atom.place.half = Half::b;
        compare(atom, 2);
        break;
      case AtomKind::coherent:
        atom.name = one_of(references_);
        break;
      case AtomKind::killed:
        atom.process = process.name;
        break;
      case AtomKind::copies:
        atom.place = place(false);
        compare(atom, 4);
        break;
      case AtomKind::same:
        atom.other = place_of_somebody();
        [[fallthrough]];
      default:
        atom.place = place_of_somebody();
    }
    return atom;
  }

  void compare(Atom& atom, unsigned comparisons) {
    atom.comparison = static_cast<Comparison>(below(comparisons));
    atom.value = below(100);
  }

  static std::vector<Judges> no_judges() { return {}; }
  std::vector<Judges> judges() {
    std::vector<Judges> judges;
    for (unsigned i = 1 + below(3); i > 0; --i) {
      Judges one;
      one.first = one_of({"A", "C0", "gvisor", "E1"});
      if (maybe())
        one.last = "F";
      else if (maybe())
        one.changes = {{"drop", "fork.seq"}, {"bias", "4"}};
      judges.push_back(one);
    }
    return judges;
  }

  Expect expect() {
    Expect expect;
    expect.memory = static_cast<Memory>(below(2));
    expect.remarks = remarks();
    for (unsigned i = 1 + below(3); i > 0; --i)
      expect.groups.push_back({judges(), static_cast<Verdict>(below(6))});
    return expect;
  }

  std::mt19937 random_;
  std::vector<Page> pages_;
  std::vector<Process> processes_;
  std::vector<std::string> references_, signals_, labels_;
  std::string reference_;
};

}  // namespace lab::litmus
