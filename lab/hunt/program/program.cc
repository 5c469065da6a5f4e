#include "lab/hunt/program/program.h"

#include <fmt/format.h>

#include "lab/litmus/vocabulary.h"
#include "lab/portable/ranges.h"
#include "lab/spec/observation.h"

namespace lab::hunt {
namespace {

using litmus::Word;
using spec::Act;
using spec::Promise;

// Applies the acts; false: one makes no sense.
bool perform(Promise& promise, const Step& step) {
  if (!promise.allows(step.act)) return false;
  promise.perform(step.act, step.value);
  return true;
}

}  // namespace

bool names_a_page(Word word) {
  return litmus::syntax(word).operands[0] == litmus::Operand::place ||
         litmus::syntax(word).operands[0] == litmus::Operand::half;
}

const std::string& shape_of(const Act& act) {
  for (const Shape& shape : shapes())
    if (shape.word == act.word && shape.access == act.access &&
        shape.protection == act.protection && shape.phase == act.phase)
      return shape.text;
  static const std::string unknown = "?";
  return unknown;
}

std::vector<Step> steps(const Program& program) {
  std::vector<Step> all;
  spec::Value next = kFirstWritten;
  const auto add = [&](const Act& act) {
    all.push_back({act, spec::writes(act) ? next++ : spec::Value{0}});
  };
  for (const Act& act : program.before) add(act);
  if (program.race) {
    add(program.race->first);
    add(program.race->second);
  }
  for (const Act& act : program.after) add(act);
  return all;
}

std::string text(const Start& start, const Step& step) {
  const Act& act = step.act;
  std::string text = fmt::format("{} {}", spec::process_name(act.process), shape_of(act));
  if (spec::uses(act)) text += fmt::format(" {}", spec::reference_name(act.reference));
  if (names_a_page(act.word)) text += ' ' + spec::page_name(start.beginning, act.page);
  if (act.word == Word::move) text += ' ' + spec::page_name(start.beginning, act.other);
  if (act.word == Word::merge)
    text += fmt::format(" {}:{}", spec::process_name(act.other_process),
                        spec::page_name(start.beginning, act.other));
  if (spec::takes(act)) text += fmt::format(" -> {}", spec::reference_name(act.reference));
  if (spec::writes(act)) text += fmt::format(" {}", step.value);
  return text;
}

std::string text(const Program& program) {
  const std::vector<Step> all = steps(program);
  std::string result = program.start->name + ":";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool races = program.race && i == program.before.size();
    result += i == 0 ? " " : "; ";
    if (races) {
      result += fmt::format("{{{} || {}}}", text(*program.start, all[i]),
                            text(*program.start, all[i + 1]));
      ++i;
    } else {
      result += text(*program.start, all[i]);
    }
  }
  return result;
}

std::optional<Orders> promises(const Program& program) {
  const std::vector<Step> all = steps(program);
  Promise before(program.start->beginning);
  for (std::size_t i = 0; i < program.before.size(); ++i)
    if (!perform(before, all[i])) return std::nullopt;
  if (!program.race) return Orders{before};
  const Step& one = all[program.before.size()];
  const Step& other = all[program.before.size() + 1];
  Orders results;
  for (const auto& [first, second] : {std::pair(one, other), std::pair(other, one)}) {
    Promise promise = before;
    if (!perform(promise, first) || !perform(promise, second)) return std::nullopt;
    for (std::size_t i = program.before.size() + 2; i < all.size(); ++i)
      if (!perform(promise, all[i])) return std::nullopt;
    results.push_back(promise);
  }
  return results;
}

std::vector<Act> next_acts(const Start& start, const std::vector<Shape>& shapes,
                           const Promise& promise, std::uint8_t most_references) {
  std::vector<Act> acts;
  const auto add = [&](const Act& act) {
    if (promise.allows(act)) acts.push_back(act);
  };
  const std::size_t processes = promise.forked() ? 2 : 1;
  const std::uint8_t pages = start.beginning.pages;
  for (const Shape& shape : shapes) {
    Act act{shape.word, shape.access, shape.protection, shape.phase};
    if (spec::uses(act)) {
      for (act.reference = 0; act.reference < promise.references(); ++act.reference) {
        act.process = promise.reference(act.reference).process;
        add(act);
      }
      continue;
    }
    if (spec::takes(act)) {
      if (promise.references() >= most_references) continue;
      act.reference = promise.references();
    }
    for (act.process = 0; act.process < processes; ++act.process) {
      const bool of_page = names_a_page(shape.word);
      for (act.page = 0; act.page < (of_page ? pages : 1); ++act.page) {
        if (shape.word == Word::move) {
          act.other_process = act.process;
          act.other = act.page ^ 1;
          add(act);
        } else if (shape.word == Word::merge) {
          for (act.other_process = act.process; act.other_process < processes; ++act.other_process)
            for (act.other = act.other_process == act.process ? act.page + 1 : 0; act.other < pages;
                 ++act.other)
              add(act);
        } else {
          act.other = act.other_process = 0;
          add(act);
        }
      }
      // A process and all its memory: once is enough, but which process matters.
      if (shape.word == Word::swapoff) break;
    }
  }
  return acts;
}

}  // namespace lab::hunt
