#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lab/judge/explanation.h"
#include "lab/judge/unmodelled.h"
#include "lab/litmus/print.h"
#include "lab/report/counterexample.h"
#include "lab/report/json.h"
#include "lab/report/log.h"
#include "lab/report/table.h"
#include "lab/words/counted.h"
#include "tools/console/exit.h"
#include "tools/console/interrupt.h"
#include "tools/litmus/engine.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

using Clock = std::chrono::steady_clock;

struct Question {
  lab::judge::TestFiles files;
  std::vector<lab::judge::Case> cases;
  std::vector<lab::judge::Variant> variants;
  lab::judge::Effort effort;
  bool engine = false;  // it is asked, too
};

// Why the model has no answer, for each test and rule-set of which that is so.
std::string reasons(const lab::judge::TestFiles& files,
                    const std::vector<lab::judge::Variant>& variants) {
  std::string text;
  for (const auto& file : files) {
    std::vector<std::pair<std::string, std::vector<std::string>>> said;
    for (const lab::judge::Variant& variant : variants) {
      const auto why = lab::judge::unmodelled(file->test, variant);
      if (!why) continue;
      if (said.empty() || said.back().first != *why) said.push_back({*why, {}});
      said.back().second.push_back(variant.text);
    }
    for (const auto& [why, by] : said)
      text += fmt::format("- {}  {}: {}\n", file->name, fmt::join(by, " "), why);
  }
  return text;
}

// The engine has a bound of its own, in runs, unless time is asked for.
lab::judge::Effort engines(lab::judge::Effort effort, const Options& options) {
  if (options.time <= 0) effort.max_seconds.reset();
  return effort;
}

// What makes a program large, where a search was cut off.
std::string hint(const std::vector<lab::judge::Judgement>& judgements) {
  const auto cut = std::ranges::find_if(judgements, [](const lab::judge::Judgement& each) {
    return each.coverage.kind == lab::explore::Coverage::Kind::stopped && !is_engines(each);
  });
  if (cut == judgements.end()) return "";
  const std::uint64_t runs = std::max<std::uint64_t>(1, cut->traces + cut->cut);
  return fmt::format(
      "  {} under {} was {}: {} of about {}. A program is large by the steps that\n"
      "  threads can take in either order: put threads in order with signal and wait, leave out\n"
      "  pages, parts and processes, or look at less: --search bound=2. --time searches longer.\n",
      cut->test->name, cut->variant.text, cut->coverage.text(), lab::words::counted(runs, "run"),
      lab::words::counted(cut->steps / runs, "step"));
}

// The engine's own bound is no accident: what it leaves open is told, and is no status.
bool was_cut_off(const lab::judge::Judgement& judgement) {
  return judgement.coverage.kind == lab::explore::Coverage::Kind::stopped &&
         judgement.standing == lab::judge::Standing::open && !is_engines(judgement);
}

Question question_of(const Options& options) {
  Question question;
  question.files = load(options.names);
  std::vector<std::string> rules = options.rules;
  question.engine = takes_engine(rules) && options.drop.empty();
  const bool engine_alone = !options.rules.empty() && rules.empty();
  if (engine_alone) question.engine = true;
  std::vector<lab::judge::Variant> of;
  if (!engine_alone) of = variants(rules);
  for (lab::judge::Variant& variant : of)
    for (const std::string& name : options.drop) {
      auto less = lab::judge::without(std::move(variant), name);
      if (!less) stop(2, fmt::format("--drop {}: {}\n", name, less.error()));
      variant = std::move(*less);
    }
  question.variants = of;
  set_search(options.search, question.effort);
  question.effort.seed = options.seed;
  question.effort.max_seconds = options.time > 0 ? options.time : kSeconds;
  // Who asks for something particular gets that, and nothing that tests ask for besides.
  const bool named = options.rules.empty() && options.drop.empty() && options.memory.empty();
  question.cases =
      lab::judge::cases_of(tests_of(question.files), of, memory_of(options.memory), named);
  if (question.cases.empty() && !question.engine)
    stop(2, "these tests mean nothing under these rule-sets\n" + reasons(question.files, of));
  return question;
}

void print_run(const lab::judge::Explanation& explanation, const lab::judge::TestFile& file,
               const lab::judge::Variant& variant, bool verbose) {
  fmt::print("\n{}", lab::report::text(explanation, lab::report::style_of(STDOUT_FILENO), verbose));
  fmt::print("Replay: cleave litmus {} --rules {} --replay {}\n", file.said, variant.text,
             explanation.example.trace.token());
}

void print_log(const Question& question, const lab::judge::Judgement& judgement, bool verbose) {
  fmt::print("{}", lab::report::log(judgement, question.effort.search,
                                    lab::report::style_of(STDOUT_FILENO)));
  if (!lab::judge::worth_explaining(judgement)) return;
  const auto explanation =
      is_engines(judgement) ? explain_engine(judgement) : lab::judge::explain(judgement);
  if (!explanation) stop(2, fmt::format("cannot be explained: {}\n", explanation.error().what));
  print_run(*explanation, *question.files.front(), judgement.variant, verbose);
}

void replay(const Options& options) {
  const Question question = question_of(options);
  if (question.cases.empty() && question.files.size() == 1) {
    const auto explanation = replay_on_engine(question.files.front()->test, options.replay);
    if (!explanation) stop(2, fmt::format("--replay: {}\n", explanation.error().what));
    lab::judge::Variant engine;
    engine.text = "engine";
    return print_run(*explanation, *question.files.front(), engine, options.verbose);
  }
  if (question.cases.size() != 1)
    stop(2, "--replay: name the one test and the one rule-set of the token: FILE --rules NAME\n");
  const lab::judge::Case& one = question.cases.front();
  const auto explanation = lab::judge::replay(*one.test, one.variant, options.replay);
  if (!explanation) stop(2, fmt::format("--replay: {}\n", explanation.error().what));
  print_run(*explanation, *question.files.front(), one.variant, options.verbose);
}

}  // namespace

void run(const Options& options) {
  if (!options.replay.empty()) return replay(options);
  const Question question = question_of(options);
  const Clock::time_point begin = Clock::now();
  std::vector<lab::judge::Judgement> judgements =
      judge(question.cases, question.effort, options.jobs);
  std::vector<NotRun> not_run;
  std::vector<lab::judge::Judgement> by_engine;
  if (question.engine)
    by_engine =
        judge_by_engine(question.files, options, engines(question.effort, options), not_run);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const lab::report::Style style = lab::report::style_of(STDOUT_FILENO);
  if (!options.html.empty())
    write_html(options.html, question.files, judgements,
               question.engine
                   ? std::vector{engine_column(question.files, by_engine, not_run, options.jobs)}
                   : std::vector<lab::report::Column>{},
               question.effort.search, options.jobs, options.origin);
  judgements.insert(judgements.end(), std::make_move_iterator(by_engine.begin()),
                    std::make_move_iterator(by_engine.end()));
  if (options.json) {
    nlohmann::ordered_json all =
        lab::report::json(question.files, judgements, question.effort.search, seconds);
    all["made"] = lab::report::json(options.origin);
    if (question.engine) {
      nlohmann::ordered_json& skipped = all["not_run_by_engine"];
      skipped = nlohmann::ordered_json::object();
      for (const NotRun& one : not_run) skipped[one.test] = one.why;
    }
    nlohmann::ordered_json& unmodelled = all["not_modelled"];
    unmodelled = nlohmann::ordered_json::array();
    for (const auto& file : question.files)
      for (const lab::judge::Variant& variant : question.variants)
        if (const auto why = lab::judge::unmodelled(file->test, variant))
          unmodelled.push_back({{"test", file->name}, {"rules", variant.text}, {"why", *why}});
    fmt::print("{}\n", all.dump(2));
  } else if (judgements.size() == 1) {
    print_log(question, judgements.front(), options.verbose);
    fmt::print("{}", hint(judgements));
  } else {
    fmt::print("{}", options.verbose ? lab::report::lines(question.files, judgements, style)
                                     : lab::report::table(question.files, judgements, style));
    if (options.verbose)
      for (const NotRun& one : not_run)
        fmt::print("{}  engine  -  not run: {}\n", one.test, one.why);
    fmt::print("{}", lab::report::deviations(question.files, judgements, style));
    fmt::print("{}", reasons(question.files, question.variants));
    fmt::print("{}", hint(judgements));
    fmt::print("{}", lab::report::summary(question.files, judgements, seconds));
  }
  if (console::interrupted) stop(130, "interrupted: what was left was not searched\n");
  if (std::ranges::count(judgements, lab::judge::Standing::deviates,
                         &lab::judge::Judgement::standing) > 0)
    throw console::Exit{1};
  constexpr int kCutOff = 3;
  if (std::ranges::any_of(judgements, was_cut_off)) throw console::Exit{kCutOff};
}

void show(const std::vector<std::string>& names) {
  bool first = true;
  for (const auto& file : load(names)) {
    fmt::print("{}{}", std::exchange(first, false) ? "" : "\n", lab::litmus::print(file->test));
  }
}

}  // namespace cleave::litmus
