#include "lab/hunt/play/scene.h"

#include <algorithm>

namespace lab::hunt {
namespace {

using explore::Execution;

// An observation has 62 bits.
constexpr std::uint64_t kWaits = std::uint64_t{1} << 62;
constexpr std::uint64_t kBreaks = std::uint64_t{1} << 63;

// Threads of the script, not of a process: each instruction says whose it is.
const judge::ThreadPlan& thread_on(std::uint32_t cpu) {
  static const judge::ThreadPlan kThreads[] = {{"one", 0, 0, {}}, {"other", 0, 1, {}}};
  return kThreads[cpu];
}

spec::Value seen(std::optional<model::Value> value, spec::Value nothing) {
  return value ? static_cast<spec::Value>(*value) : nothing;
}

}  // namespace

bool says_waits(std::uint64_t packed) { return (packed & kWaits) != 0; }
std::optional<std::size_t> says_breaks(std::uint64_t packed) {
  if ((packed & kBreaks) == 0) return std::nullopt;
  return packed & ~kBreaks;
}

Script script_of(const Program& program, Stage& stage) {
  Script script;
  Script::End& end = script.ends.emplace_back();
  const std::vector<Step> all = steps(program);
  std::size_t at = 0;
  while (at < program.before.size()) script.before.push_back(&stage.instruction(all[at++]));
  if (program.race) {
    script.one = &stage.instruction(all[at++]);
    script.other = &stage.instruction(all[at++]);
  }
  while (at < all.size()) end.acts.push_back(&stage.instruction(all[at++]));
  return script;
}

Scene::Scene(const Stage& stage, const model::Rules& rules, const Script& script,
             Performer performer, const Asked& asked)
    : TestProgram(stage.plan(), rules),
      stage_(stage),
      script_(script),
      performer_(performer),
      asked_(asked) {}

void Scene::start(explore::Threads& threads) {
  before_ = Execution::here().alone([this] {
    for (const judge::Instruction* each : script_.before) perform(0, *each);
  });
  if (script_.other == nullptr || before_.came != Execution::Came::through) return;
  threads.add("one", [this] { perform(0, *script_.one); });
  threads.add("other", [this] { perform(1, *script_.other); });
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
  for (model::ReferenceId r = 0; r < spec::kReferences; ++r) {
    o.peek[r] = seen(machine().peek(r), spec::Observation::kNothing);
    o.coherent[r] = !machine().taken(r) || machine().coherent(r);
  }
  o.fork_refused = fork_refused_;
  return o;
}

Run Scene::run(const Instructions& end) {
  Execution& execution = Execution::here();
  Run run;
  const bool refused_before = fork_refused_;
  const auto perform_end = [&] {
    for (const judge::Instruction* each : end) perform(0, *each);
    run.seen = observe();
    if (auto what = machine().contradiction()) explore::broken(std::move(*what));
    if (asked_.with_state) run.state = execution.state(/*symmetry=*/false);
  };
  Execution::Alone alone = execution.attempt(perform_end, [this] { machine().forget(made_); });
  fork_refused_ = refused_before;
  run.came = alone.came;
  run.broken = std::move(alone.what);
  return run;
}

std::uint64_t Scene::packed(const Run& run) const {
  if (run.came == Execution::Came::through) return run.seen.packed();
  if (run.came == Execution::Came::waits) return kWaits;
  std::vector<std::string>& known = asked_.ended->breaks;
  const auto at = std::find(known.begin(), known.end(), run.broken);
  const auto number = static_cast<std::uint64_t>(at - known.begin());
  if (at == known.end()) known.push_back(run.broken);
  return kBreaks | number;
}

Run Scene::run_or_not(const Instructions& end) {
  if (before_.came == Execution::Came::through) return run(end);
  Run none;
  none.came = before_.came;
  none.broken = before_.what;
  return none;
}

// What the ends hang on. Two machines whose variables hold the same are the same if they also made
// pages of the same kinds.
explore::Hash128 Scene::state() const {
  explore::Hash128 state = Execution::here().state(/*symmetry=*/false);
  state.feed(machine().kinds()).feed(fork_refused_);
  return state;
}

Ended::Ends Scene::all_ends() {
  Ended::Ends ends;
  for (const Script::End& end : script_.ends)
    if ((end.asked & asked_.who) != 0) ends.push_back(packed(run_or_not(end.acts)));
  return ends;
}

void Scene::end(explore::Outcome& outcome) {
  made_ = machine().made();
  if (script_.other == nullptr) {
    for (const Script::End& end : script_.ends)
      runs_.push_back((end.asked & asked_.who) != 0 ? run_or_not(end.acts) : Run{});
    return;
  }
  const explore::Hash128 now = state();
  const Ended::Ends* ends = asked_.ended->after(now);
  if (ends == nullptr) ends = &asked_.ended->add(now, all_ends());
  for (const std::uint64_t end : *ends) outcome.note("seen", end);
}

}  // namespace lab::hunt
