#include "lab/hunt/play/scene.h"

namespace lab::hunt {
namespace {

// Threads of the script, not of a process: each instruction says whose it is.
const judge::ThreadPlan& thread_on(std::uint32_t cpu) {
  static const judge::ThreadPlan kThreads[] = {{"one", 0, 0, {}}, {"other", 0, 1, {}}};
  return kThreads[cpu];
}

spec::Value seen(std::optional<model::Value> value, spec::Value nothing) {
  return value ? static_cast<spec::Value>(*value) : nothing;
}

}  // namespace

Script script_of(const Program& program, Stage& stage) {
  Script script;
  const std::vector<Step> all = steps(program);
  std::size_t at = 0;
  while (at < program.before.size()) script.before.push_back(&stage.instruction(all[at++]));
  if (program.race) {
    script.one = &stage.instruction(all[at++]);
    script.other = &stage.instruction(all[at++]);
  }
  while (at < all.size()) script.after.push_back(&stage.instruction(all[at++]));
  return script;
}

Scene::Scene(const Stage& stage, const model::Rules& rules, const Script& script,
             Performer performer)
    : TestProgram(stage.plan(), rules), stage_(stage), script_(script), performer_(performer) {}

void Scene::start(explore::Threads& threads) {
  threads.add("one", [this] { first_thread(); });
  if (script_.other != nullptr) threads.add("other", [this] { second_thread(); });
}

void Scene::perform(std::uint32_t cpu, const judge::Instruction& instruction) {
  if (performer_ != nullptr)
    performer_(*this, cpu, instruction);
  else
    perform_plainly(cpu, instruction);
}

void Scene::perform_plainly(std::uint32_t cpu, const judge::Instruction& instruction) {
  (void)TestProgram::perform(thread_on(cpu), instruction);
}

void Scene::first_thread() {
  for (const judge::Instruction* each : script_.before) perform(0, *each);
  if (script_.other != nullptr) {
    explore::step("let the other go", [&] { go_.write(true); });
    perform(0, *script_.one);
    explore::await(
        "wait for the other", [&] { return done_.read(); }, [] {});
  }
  for (const judge::Instruction* each : script_.after) perform(0, *each);
  for (model::ReferenceId r = 0; r < spec::kReferences; ++r)
    peeks_[r] = seen(machine().peek(r), spec::Observation::kNothing);
}

void Scene::second_thread() {
  explore::await(
      "wait to go", [&] { return go_.read(); }, [] {});
  perform(1, *script_.other);
  explore::step("say that it is done", [&] { done_.write(true); });
}

// A fork that is refused is known by the thread that asked; what follows has no meaning then.
void Scene::refused(const judge::Instruction& instruction) {
  if (instruction.operation->word == litmus::Word::fork) fork_refused_ = true;
}

spec::Observation Scene::observe() {
  spec::Observation o;
  for (model::ProcessId p = 0; p < spec::kProcesses; ++p) {
    o.killed[p] = machine().killed(p);
    o.value[p].fill(spec::Observation::kUnreadable);
    for (model::PageNo page = 0; page < stage_.start().beginning.pages; ++page)
      o.value[p][page] = seen(machine().value(p, page), spec::Observation::kUnreadable);
  }
  o.peek = peeks_;
  for (model::ReferenceId r = 0; r < spec::kReferences; ++r)
    o.coherent[r] = !machine().taken(r) || machine().coherent(r);
  o.fork_refused = fork_refused_;
  return o;
}

void Scene::end(explore::Outcome& outcome) {
  TestProgram::end(outcome);
  outcome.note(kSeen, observe().packed());
}

}  // namespace lab::hunt
