#include "lab/kernel/judge.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <utility>

#include <fmt/format.h>

#include "lab/judge/judge.h"
#include "lab/judge/refusals/refusals.h"
#include "lab/kernel/chance.h"
#include "lab/kernel/system/capabilities.h"
#include "lab/words/counted.h"

namespace lab::kernel {
namespace {

using litmus::Verdict;

// For the handler of a signal, which may run between any two statements: sequentially consistent,
// and free of locks. It cuts short what waits for trials, or they are looked at soon anyway.
std::atomic<bool> stopping{false};
static_assert(std::atomic<bool>::is_always_lock_free);

std::string text_of(const judge::Plan& plan, const SharedState::End& end) {
  std::string text;
  for (std::size_t i = 0; i < plan.quantities.size(); ++i) {
    // As the model writes it: ends are compared as text.
    const std::string value =
        end.answers[i] == judge::kUnreadable ? "?" : fmt::format("{}", end.answers[i]);
    text += fmt::format("{}{}={};", i == 0 ? "" : " ", plan.quantities[i].text, value);
  }
  return text;
}

std::string hangs_at(const judge::Plan& plan, const SharedState& shared) {
  std::string text;
  for (std::size_t i = 0; i < plan.threads.size(); ++i) {
    const judge::ThreadPlan& line = plan.threads[i];
    if (shared.threads[i].ended || shared.processes[line.process].state != ProcessState::running)
      continue;
    const std::size_t at = shared.threads[i].at;
    if (at >= line.code.size()) continue;
    text += fmt::format("{}{} at \"{}\"", text.empty() ? "" : ", ", line.name, line.code[at].text);
  }
  return text;
}

Verdict verdict_of(const KernelVerdict& verdict, const SharedState& shared) {
  if (shared.hung) return Verdict::hang;
  if (verdict.positive == 0) return Verdict::never;
  return verdict.positive == verdict.runs ? Verdict::always : Verdict::sometimes;
}

// Runs show what can be, not what cannot: what happens only sometimes may just not have happened.
Standing standing_of(const KernelVerdict& verdict) {
  if (!verdict.unforeseen.empty()) return Standing::finding;
  if (verdict.expected.verdicts.empty()) return Standing::asked;
  if (verdict.expected.has(verdict.verdict)) return Standing::agrees;
  const bool may_come = verdict.verdict == Verdict::never || verdict.verdict == Verdict::always;
  if (may_come && verdict.expected.has(Verdict::sometimes)) return Standing::open;
  // Where threads race, a hang is one of several ends.
  if (!verdict.ordered && verdict.expected.has(Verdict::hang)) return Standing::open;
  return Standing::finding;
}

bool fails(litmus::Claim claim, Verdict verdict) {
  switch (claim) {
    case litmus::Claim::forbidden:
      return verdict != Verdict::never;
    case litmus::Claim::allowed:
      return verdict != Verdict::sometimes && verdict != Verdict::always;
    case litmus::Claim::always:
      return verdict != Verdict::always;
    case litmus::Claim::exists:
      break;
  }
  return false;
}

// Of what the test only does to come to its question, that which the rules never refuse: where the
// kernel did, the question was not asked. Bits as in SharedState::refused.
std::uint64_t never_refused(const CompiledTest& compiled, const SharedState& shared) {
  std::uint64_t seen = 0;
  for (std::uint32_t i = 0; i < shared.end_count; ++i) seen |= shared.ends[i].refused;
  if (seen == 0) return 0;
  constexpr double kSeconds = 5;
  const auto possible = judge::refusals(
      compiled.plan, judge::parse_variants(kernel_rules())->front().rules, kSeconds);
  if (!possible) return 0;
  std::uint64_t never = 0;
  for (std::size_t i = 0; i < compiled.watched.size(); ++i)
    if (!possible->contains(compiled.watched[i])) never |= seen & std::uint64_t{1} << i;
  return never;
}

void fill(KernelVerdict& verdict, const CompiledTest& compiled, const SharedState& shared) {
  verdict.ordered = compiled.ordered;
  const std::uint64_t never = never_refused(compiled, shared);
  if (never != 0)
    verdict.untried_at = compiled.watched[static_cast<std::size_t>(std::countr_zero(never))]->text;
  for (std::uint32_t i = 0; i < shared.end_count; ++i) {
    const SharedState::End& end = shared.ends[i];
    if ((end.refused & never) != 0) {
      verdict.untried += end.count;
      continue;
    }
    const std::vector<std::uint64_t> answers(end.answers.begin(), end.answers.end());
    const bool holds = judge::holds(verdict.test->final.condition, compiled.plan, answers);
    verdict.ends.push_back({text_of(compiled.plan, end), holds, end.count});
    verdict.runs += end.count;
    if (holds) verdict.positive += end.count;
  }
  std::ranges::stable_sort(verdict.ends, [](const Observed& a, const Observed& b) {
    return std::pair(!a.holds, a.text) < std::pair(!b.holds, b.text);
  });
  verdict.recording = recording_of(compiled, shared.recording);
  if (verdict.recording)
    verdict.recording->end = text_of(compiled.plan, shared.ends[shared.recording.end]);
  verdict.unclear = shared.more[0] + shared.more[1];
  verdict.runs += verdict.unclear;
  verdict.positive += shared.more[1];
  if (!verdict.ordered && verdict.runs > 0) verdict.unseen_below = 1 / rarest_seen(verdict.runs);
  if (shared.hung) verdict.hangs_at = hangs_at(compiled.plan, shared);
  verdict.verdict = verdict_of(verdict, shared);
}

// Why no run counts, where none failed.
std::string why_unseen(const KernelVerdict& verdict) {
  if (verdict.untried == 0) return "interrupted before its first run ended";
  return fmt::format("the kernel refused \"{}\" whenever it was tried, as {} never does",
                     verdict.untried_at, kernel_rules());
}

void compare(KernelVerdict& verdict, const Prediction& prediction) {
  verdict.expected = prediction.expected;
  verdict.uncompared = prediction.uncompared;
  verdict.unforeseen.clear();
  if (prediction.ends)
    for (const Observed& end : verdict.ends)
      if (std::ranges::find(*prediction.ends, end.text) == prediction.ends->end())
        verdict.unforeseen = end.text;
  verdict.standing = standing_of(verdict);
  verdict.expected_failure =
      verdict.standing == Standing::agrees && fails(verdict.test->final.claim, verdict.verdict);
}

}  // namespace

KernelVerdict conclude(const Trial& trial, const Options& options) {
  KernelVerdict verdict;
  const CompiledTest& compiled = trial.compiled();
  const litmus::Test& test = *compiled.plan.test;
  verdict.test = &test;
  verdict.seconds = trial.seconds();
  for (std::size_t i = 0; i < compiled.reference_uses.size(); ++i)
    verdict.methods.push_back(fmt::format("{} by {}", compiled.plan.references[i],
                                          name(compiled.reference_uses[i].method)));
  fill(verdict, compiled, trial.seen());
  const auto& result = trial.result();
  if (verdict.runs == 0 && !trial.seen().hung)
    return skip(test, result ? why_unseen(verdict) : result.error());
  compare(verdict, options.predict ? options.predict(test)
                                   : prediction_of(test, litmus::Memory::sc, &stopping));
  // This machine's stores may be late.
  if (verdict.standing == Standing::finding && !verdict.ordered)
    compare(verdict, prediction_of(test, litmus::Memory::tso, &stopping));
  // What was seen before remains true.
  if (!result && verdict.standing != Standing::finding)
    return skip(test,
                fmt::format("{} (after {})", result.error(), words::counted(verdict.runs, "run")));
  return verdict;
}

KernelVerdict skip(const litmus::Test& test, std::string why) {
  KernelVerdict verdict;
  verdict.test = &test;
  verdict.skipped = std::move(why);
  return verdict;
}

tl::expected<CompiledTest, std::string> ready(const litmus::Test& test) {
  if (means_nothing(test)) return tl::unexpected(std::string("means nothing to Linux"));
  if (std::string why = missing_for_every_test(); !why.empty()) return tl::unexpected(why);
  auto compiled = compile(test);
  if (!compiled) return compiled;
  if (std::string why = missing(*compiled); !why.empty()) return tl::unexpected(why);
  return compiled;
}

KernelVerdict judge(const litmus::Test& test, System& system, const Options& options) {
  KernelVerdict verdict;
  Options alone = options;
  alone.at_once = 1;
  judge_all({&test}, system, alone,
            [&](std::size_t, KernelVerdict judged) { verdict = std::move(judged); });
  return verdict;
}

void interrupt() { stopping = true; }

bool interrupted() { return stopping; }

}  // namespace lab::kernel
