#include "lab/hunt/program/test.h"

#include <fmt/format.h>

#include "lab/portable/ranges.h"
#include "lab/spec/observation.h"

namespace lab::hunt {
namespace {

using litmus::Operation;
using litmus::Word;
using spec::Act;

Operation label(Word word, std::string name) {
  Operation operation;
  operation.word = word;
  operation.name = std::move(name);
  return operation;
}

class Writer {
 public:
  Writer(const Program& program, const spec::Promise& promise, Looks looks)
      : start_(*program.start), promise_(promise), looks_(looks) {
    lines_ = {{0, litmus::kMain}, {1, litmus::kMain}};
    latest_ = {0};
    const std::vector<Step> all = steps(program);
    std::size_t at = 0;
    for (; at < program.before.size(); ++at) step(all[at]);
    if (program.race) {
      race(all[at], all[at + 1]);
      at += 2;
    }
    for (; at < all.size(); ++at) step(all[at]);
    last_looks();
  }

  litmus::Test write() {
    litmus::Test test;
    test.pages = start_.pages;
    test.swap = start_.swap;
    for (std::size_t p = 0; p < (promise_.forked() ? 2 : 1); ++p) {
      litmus::Process& process = test.processes.emplace_back();
      process.name = spec::process_name(p);
      if (p == 1) process.parent = spec::process_name(0);
      for (Line& line : lines_)
        if (line.process == p) process.threads.push_back({{}, {}, line.name, line.body, {}});
    }
    return test;
  }

 private:
  struct Line {
    std::size_t process;
    std::string name;
    std::vector<litmus::Statement> body = {};
    std::string given = {};  // the label that it gave after its latest act
    Word last = Word::wait;
  };

  void say(Line& line, Operation operation) {
    litmus::Statement statement;
    statement.what = std::move(operation);
    line.body.push_back(std::move(statement));
  }

  // The next statement of line `to` comes after all that line `from` has said.
  void hand_on(std::size_t from, std::size_t to) {
    Line& giver = lines_[from];
    Line& taker = lines_[to];
    if (from == to) return;
    const bool begins = taker.body.empty() && taker.process == 1 && giver.last == Word::fork;
    if (begins) return;
    if (giver.last == Word::exit)
      return say(taker,
                 label(Word::wait, std::string(spec::process_name(giver.process)) + ".exit"));
    if (giver.given.empty()) {
      giver.given = fmt::format("t{}", ++labels_);
      say(giver, label(Word::signal, giver.given));
    }
    say(taker, label(Word::wait, giver.given));
  }

  void act(std::size_t at, const Step& step) {
    Line& line = lines_[at];
    say(line, operation_of(step));
    line.last = step.act.word;
    line.given.clear();
    if (step.act.word == Word::exit) exited_[step.act.process] = true;
  }

  // Who performs it: the owner of a reference, while there is one.
  [[nodiscard]] std::size_t line_of(const Act& act) const {
    return exited_[act.process] ? 1 - act.process : act.process;
  }

  void step(const Step& step) {
    const std::size_t at = line_of(step.act);
    for (const std::size_t from : latest_) hand_on(from, at);
    act(at, step);
    latest_ = {at};
  }

  void race(const Step& one, const Step& other) {
    const std::size_t first = line_of(one.act);
    std::size_t second = line_of(other.act);
    if (second == first) {
      second = lines_.size();
      lines_.push_back({lines_[first].process, "other"});
    }
    for (const std::size_t from : latest_) {
      hand_on(from, first);
      hand_on(from, second);
    }
    act(first, one);
    act(second, other);
    latest_ = {first, second};
  }

  void last_looks() {
    const std::vector<std::size_t> latest = latest_;
    std::vector<std::size_t> waited;
    for (std::uint8_t r = 0; r < promise_.references(); ++r) {
      if (!is_looked_at(promise_.reference(r), looks_)) continue;
      const std::size_t at = promise_.user_of(promise_.reference(r));
      if (ranges::find(waited, at) == waited.end())
        for (const std::size_t from : latest) hand_on(from, at);
      waited.push_back(at);
      Operation look = label(Word::peek, spec::reference_name(r));
      look.result = spec::register_name(r);
      say(lines_[at], std::move(look));
    }
  }

  [[nodiscard]] Operation operation_of(const Step& step) {
    const Act& act = step.act;
    Operation operation;
    operation.word = act.word;
    operation.access = act.access;
    operation.protection = act.protection;
    operation.phase = act.phase;
    operation.value = spec::writes(act) ? step.value : 0;
    if (names_a_page(act.word)) operation.place = spec::place_of(start_.beginning, act.page);
    if (names_two(act.word)) {
      operation.other = spec::place_of(start_.beginning, act.other);
      if (act.other_process != act.process)
        operation.other.process = spec::process_name(act.other_process);
    }
    if (act.word == Word::fork) operation.name = spec::process_name(1);
    if (spec::takes(act) || spec::uses(act)) operation.name = spec::reference_name(act.reference);
    if (act.word == Word::read) operation.result = fmt::format("k{}", ++reads_);
    return operation;
  }

  const Start& start_;
  const spec::Promise& promise_;
  const Looks looks_;
  std::vector<Line> lines_;
  std::vector<std::size_t> latest_;
  std::array<bool, spec::kProcesses> exited_{};
  unsigned labels_ = 0;
  unsigned reads_ = 0;
};

}  // namespace

bool is_looked_at(const spec::Promise::Reference& reference, Looks looks) {
  if (!reference.held) return false;
  return looks == Looks::all || !reference.pin || !reference.write || reference.lasting;
}

litmus::Test test_of(const Program& program, const spec::Promise& promise, Looks looks) {
  return Writer(program, promise, looks).write();
}

std::string name_of(const Program& program, const std::string& kind) {
  std::string name = kind;
  if (program.start != &starts().front()) name += '-' + program.start->name;
  std::size_t at = 0;
  for (const Step& step : steps(program)) {
    name += step.act.process == 1 ? "-C" : "-";
    for (const char c : shape_of(step.act)) name += c == ' ' ? '_' : c;
    if (program.race && at == program.before.size()) name += "-with";
    ++at;
  }
  return name;
}

}  // namespace lab::hunt
