// `cleave litmus`: tests, judged under rule-sets.
#include "tools/console/program.h"
#include "tools/litmus/kernel.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

// How many these are is of the machine, and no part of what the command is.
constexpr const char* kAllProcessors = "all processors";

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

void add_ready(CLI::App& litmus) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* command =
      litmus.add_subcommand("ready", "List what this machine has, and lacks, for --kernel");
  command->add_flag("--json", *json, "Print one JSON object");
  command->callback([json] { print_readiness(*json); });
}

void add_mutate(CLI::App& litmus) {
  struct Asked {
    std::string rules;
    std::vector<std::string> names;
    unsigned jobs = lab::explore::all_processors();
  };
  const auto asked = std::make_shared<Asked>();
  CLI::App* command = litmus.add_subcommand(
      "mutate", "Change a rule-set in every way, one at a time: which test notices?");
  command->add_option("RULES", asked->rules, "The rule-set")->required();
  command->add_option("FILE", asked->names, "The tests; by default the whole catalogue");
  command->add_option("-j,--jobs,--threads", asked->jobs, "How many judgements are made at once")
      ->check(CLI::Range(1, 256))
      ->default_str(kAllProcessors);
  command->callback([asked] { mutate(asked->rules, asked->names, asked->jobs); });
}

void add_options(CLI::App& litmus, Options& options) {
  litmus.add_option("FILE", options.names,
                    "Files, folders, or tests of the catalogue by name; by default all of it");
  litmus
      .add_option("--rules", options.rules,
                  "Rule-sets: A+C0..F+E1,bias=4; by default all. `cleave litmus rules` has them")
      ->type_name("RULES")
      ->allow_extra_args(false)  // what follows is a FILE
      ->take_all();
  litmus
      .add_option("--search", options.search,
                  "dpor, states, naive, bound=PREEMPTIONS, random=RUNS or pct=DEPTH")
      ->type_name("SEARCH")
      ->capture_default_str();
  litmus
      .add_option("--memory", options.memory, "sc, tso or ra; by default sc, and what tests name")
      ->type_name("MODEL")
      ->check(CLI::IsMember({"sc", "tso", "ra"}));
  litmus.add_option("--drop", options.drop, "Leave out a fence or a re-check, by its name")
      ->type_name("NAME")
      ->allow_extra_args(false)  // what follows is a FILE
      ->take_all();
  litmus
      .add_option("--time", options.time,
                  "End each judgement after so many seconds of processor time; by default 30")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  litmus.add_option("--seed", options.seed, "Another seed draws other random runs")
      ->capture_default_str();
  litmus.add_option("-j,--jobs,--threads", options.jobs, "How many judgements are made at once")
      ->check(CLI::Range(1, 256))
      ->default_str(kAllProcessors);
  litmus
      .add_option("--replay", options.replay,
                  "Make the run of this token again; with the test and the rule-set that it is of")
      ->type_name("TOKEN");
  litmus
      .add_option("--html", options.html,
                  "Also write a page to this file: the table, and runs that can be stepped")
      ->type_name("FILE");
  CLI::Option* kernel = litmus.add_flag("--kernel", options.kernel,
                                        "Ask the Linux that runs here, by real processes; as root");
  for (const char* of_rules : {"--rules", "--search", "--memory", "--drop", "--seed", "--replay"})
    kernel->excludes(of_rules);
  litmus.add_flag("--json", options.json, "Print one JSON object");
  litmus.add_flag("-v,--verbose", options.verbose,
                  "Print a line for each judgement, or each step of a run");
  add_show(litmus);
  add_rules(litmus);
  add_ready(litmus);
  add_mutate(litmus);
  litmus.callback([&] {
    if (!litmus.get_subcommands().empty()) return;
    if (options.kernel)
      run_on_kernel(
          {options.names, options.time, options.json, options.verbose, options.html, options.jobs});
    else
      run(options);
  });
}

}  // namespace
}  // namespace cleave::litmus

// NOLINTNEXTLINE(bugprone-exception-escape): run_program() catches what its callbacks throw.
int main(int argc, char** argv) {
  cleave::litmus::Options options;
  return cleave::console::run_program(
      "cleave litmus",
      "Ask whether a run can end in a given way, under each rule-set of Linux and others",
      [&](CLI::App& litmus) { cleave::litmus::add_options(litmus, options); }, argc, argv);
}
