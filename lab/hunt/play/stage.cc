#include "lab/hunt/play/stage.h"

#include <cassert>

#include "lab/spec/observation.h"

namespace lab::hunt {
namespace {

litmus::Test test_of(const Start& start) {
  litmus::Test test;
  test.name = start.name;
  test.pages = start.pages;
  test.swap = start.swap;
  litmus::Process& first = test.processes.emplace_back();
  first.name = spec::process_name(0);
  first.threads.emplace_back().name = litmus::kMain;
  test.final.condition.atom.kind = litmus::AtomKind::killed;
  test.final.condition.atom.process = first.name;
  return test;
}

std::uint64_t key_of(const Step& step) {
  const spec::Act& act = step.act;
  std::uint64_t key = 0;
  const auto put = [&](std::uint64_t number, unsigned bits) { key = key << bits | number; };
  put(static_cast<std::uint64_t>(act.word), 8);
  put(act.access.write, 1);
  put(act.access.fast, 1);
  put(act.access.only, 1);
  put(act.access.lasting, 1);
  put(static_cast<std::uint64_t>(act.protection), 2);
  put(static_cast<std::uint64_t>(act.phase), 1);
  put(act.process, 2);
  put(act.page, 4);
  put(act.other_process, 2);
  put(act.other, 4);
  put(act.reference, 4);
  put(step.value, 8);
  return key;
}

}  // namespace

Stage::Stage(const Start& start) : start_(start), test_(test_of(start)) {
  auto planned = judge::plan(test_);
  assert(planned && "each start is one that the model has");
  plan_ = std::move(*planned);
  plan_.threads.clear();
  plan_.quantities.clear();
  plan_.setup.processes = spec::kProcesses;
  plan_.setup.cpus = 2;
  plan_.setup.references = spec::kReferences;
}

const judge::Instruction& Stage::instruction(const Step& step) {
  std::unique_ptr<Made>& made = made_[key_of(step)];
  if (made) return made->instruction;
  made = std::make_unique<Made>();
  const spec::Act& act = step.act;
  litmus::Operation& operation = made->operation;
  operation.word = act.word;
  operation.access = act.access;
  operation.protection = act.protection;
  operation.phase = act.phase;
  operation.value = step.value;
  judge::Instruction& instruction = made->instruction;
  instruction.text = text(start_, step);
  instruction.operation = &operation;
  instruction.process = act.process;
  instruction.page = act.page;
  instruction.other_process = act.other_process;
  instruction.other = act.other;
  instruction.reference = act.reference;
  instruction.child = 1;
  return instruction;
}

}  // namespace lab::hunt
