// `cleave litmus`: tests, judged under rule-sets.
#include "litmus.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "commands.h"
#include "lab/judge/explanation.h"
#include "lab/litmus/print.h"
#include "lab/report/counterexample.h"
#include "lab/report/json.h"
#include "lab/report/log.h"
#include "lab/report/table.h"
#include "litmus_kernel.h"

namespace cleave::litmus {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::vector<std::string> names;
  std::vector<std::string> rules;
  std::vector<std::string> drop;
  std::string search = "dpor";
  std::string memory;
  std::uint64_t seed = 1;
  double time = 0;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  std::string replay;
  std::string html;
  bool kernel = false;
  bool json = false;
  bool verbose = false;
};

struct Question {
  lab::judge::TestFiles files;
  std::vector<lab::judge::Case> cases;
  lab::judge::Effort effort;
};

Question question_of(const Options& options) {
  Question question;
  question.files = load(options.names);
  std::vector<lab::judge::Variant> of = variants(options.rules);
  for (lab::judge::Variant& variant : of)
    for (const std::string& name : options.drop) {
      auto less = lab::judge::without(std::move(variant), name);
      if (!less) stop(2, fmt::format("--drop {}: {}\n", name, less.error()));
      variant = std::move(*less);
    }
  set_search(options.search, question.effort);
  question.effort.seed = options.seed;
  if (options.time > 0) question.effort.max_seconds = options.time;
  // Who asks for something particular gets that, and nothing that tests ask for besides.
  const bool named = options.rules.empty() && options.drop.empty() && options.memory.empty();
  question.cases = lab::judge::cases_of(
      tests_of(question.files), of,
      options.memory == "tso" ? lab::explore::Memory::tso : lab::explore::Memory::sc, named);
  if (question.cases.empty()) stop(2, "these tests mean nothing under these rule-sets\n");
  return question;
}

void print_run(const lab::judge::Explanation& explanation, const lab::judge::TestFile& file,
               const lab::judge::Variant& variant, bool verbose) {
  fmt::print("\n{}", lab::report::text(explanation, lab::report::style_of(STDOUT_FILENO), verbose));
  fmt::print("Replay: cleave litmus {} --rules {} --replay {}\n", file.path, variant.text,
             explanation.example.trace.token());
}

void print_log(const Question& question, const lab::judge::Judgement& judgement, bool verbose) {
  fmt::print("{}", lab::report::log(judgement, question.effort.search,
                                    lab::report::style_of(STDOUT_FILENO)));
  if (!lab::judge::worth_explaining(judgement)) return;
  const auto explanation = lab::judge::explain(judgement);
  if (!explanation) stop(2, fmt::format("cannot be explained: {}\n", explanation.error().what));
  print_run(*explanation, *question.files.front(), judgement.variant, verbose);
}

void replay(const Options& options) {
  const Question question = question_of(options);
  if (question.cases.size() != 1)
    stop(2, "--replay: name the one test and the one rule-set of the token: FILE --rules NAME\n");
  const lab::judge::Case& one = question.cases.front();
  const auto explanation = lab::judge::replay(*one.test, one.variant, options.replay);
  if (!explanation) stop(2, fmt::format("--replay: {}\n", explanation.error().what));
  print_run(*explanation, *question.files.front(), one.variant, options.verbose);
}

void run(const Options& options) {
  if (!options.replay.empty()) return replay(options);
  const Question question = question_of(options);
  const Clock::time_point begin = Clock::now();
  const std::vector<lab::judge::Judgement> judgements =
      judge(question.cases, question.effort, options.threads);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const lab::report::Style style = lab::report::style_of(STDOUT_FILENO);
  if (!options.html.empty())
    write_html(options.html, question.files, judgements, {}, question.effort.search,
               options.threads);
  if (options.json) {
    fmt::print(
        "{}\n",
        lab::report::json(question.files, judgements, question.effort.search, seconds).dump(2));
  } else if (judgements.size() == 1) {
    print_log(question, judgements.front(), options.verbose);
  } else {
    fmt::print("{}", options.verbose ? lab::report::lines(question.files, judgements, style)
                                     : lab::report::table(question.files, judgements, style));
    fmt::print("{}", lab::report::deviations(question.files, judgements, style));
    fmt::print("{}", lab::report::summary(question.files, judgements, seconds));
  }
  if (std::ranges::count(judgements, lab::judge::Standing::deviates,
                         &lab::judge::Judgement::standing) > 0)
    throw CLI::RuntimeError(1);
}

void show(const std::vector<std::string>& names) {
  bool first = true;
  for (const auto& file : load(names)) {
    fmt::print("{}{}", std::exchange(first, false) ? "" : "\n", lab::litmus::print(file->test));
  }
}

void add_show(CLI::App& litmus) {
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* command = litmus.add_subcommand("show", "Print tests in their canonical form");
  command->add_option("FILE", *names, "Files, folders, or tests of the catalogue")->required();
  command->callback([names] { show(*names); });
}

void add_rules(CLI::App& litmus) {
  litmus.add_subcommand("rules", "List the rule-sets, their knobs, and the fences")->callback([] {
    print_rules();
  });
}

void add_mutate(CLI::App& litmus) {
  struct Asked {
    std::string rules;
    std::vector<std::string> names;
    unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  };
  const auto asked = std::make_shared<Asked>();
  CLI::App* command = litmus.add_subcommand(
      "mutate", "Change a rule-set in every way, one at a time: which test notices?");
  command->add_option("RULES", asked->rules, "The rule-set")->required();
  command->add_option("FILE", asked->names, "The tests; by default the whole catalogue");
  command->add_option("--threads", asked->threads, "How many judgements are made at once")
      ->check(CLI::Range(1, 256));
  command->callback([asked] { mutate(asked->rules, asked->names, {}, asked->threads); });
}

}  // namespace
}  // namespace cleave::litmus

void add_litmus(CLI::App& app) {
  using cleave::litmus::Options;
  const auto options = std::make_shared<Options>();
  CLI::App* litmus = app.add_subcommand(
      "litmus", "Ask whether something can end so, under each rule that Linux and others had");
  litmus->add_option("FILE", options->names,
                     "Files, folders, or tests of the catalogue by name; by default all of it");
  litmus
      ->add_option("--rules", options->rules,
                   "Rule-sets: A+C0..F+E1,bias=4; by default all. `cleave litmus rules` has them")
      ->allow_extra_args(false)  // what follows is a FILE
      ->take_all();
  litmus
      ->add_option("--search", options->search,
                   "dpor, states, naive, bound=PREEMPTIONS, random=RUNS or pct=DEPTH")
      ->capture_default_str();
  litmus->add_option("--memory", options->memory, "sc or tso; by default sc, and what tests name")
      ->check(CLI::IsMember({"sc", "tso"}));
  litmus->add_option("--drop", options->drop, "Leave out a fence or a second style, by its name")
      ->allow_extra_args(false)  // what follows is a FILE
      ->take_all();
  litmus->add_option("--time", options->time, "No judgement takes longer than so many seconds")
      ->check(CLI::PositiveNumber);
  litmus->add_option("--seed", options->seed, "Another seed draws other random runs")
      ->capture_default_str();
  litmus->add_option("--threads", options->threads, "How many judgements are made at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  litmus->add_option(
      "--replay", options->replay,
      "Make the run of this token again; with the test and the rule-set that it is of");
  litmus->add_option("--html", options->html,
                     "Also write a page to this file: the table, and runs that can be stepped");
  CLI::Option* kernel = litmus->add_flag(
      "--kernel", options->kernel, "Ask the Linux that runs here, by real processes; as root");
  for (const char* of_rules : {"--rules", "--search", "--memory", "--drop", "--seed", "--replay"})
    kernel->excludes(of_rules);
  litmus->add_flag("--json", options->json, "Print one JSON object");
  litmus->add_flag("-v,--verbose", options->verbose, "Print a line for each judgement");
  cleave::litmus::add_show(*litmus);
  cleave::litmus::add_rules(*litmus);
  cleave::litmus::add_mutate(*litmus);
  litmus->callback([options, litmus] {
    if (!litmus->get_subcommands().empty()) return;
    if (options->kernel)
      cleave::litmus::run_on_kernel({options->names, options->time, options->json, options->verbose,
                                     options->html, options->threads});
    else
      cleave::litmus::run(*options);
  });
}
