// `cleave litmus`: tests, judged under rule-sets.
#include "tools/console/program.h"
#include "tools/litmus/hunt.h"
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

// What is printed of a hunt, or of several joined.
void add_telling(CLI::App& command, HuntAsked& asked) {
  command.add_option("--out", asked.out, "Write each finding to this folder, as a litmus file")
      ->type_name("FOLDER")
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--html", asked.html, "Write what was searched and found to this file, a page")
      ->type_name("FILE");
  command.add_flag("--json", asked.json, "Print one JSON object");
  command.add_flag("-v,--verbose", asked.verbose, "List all findings");
}

void add_range(CLI::App& command, HuntAsked& asked) {
  command.add_option("RULES", asked.rules, "The rule-sets that are looked at; by default all");
  command
      .add_option("--against", asked.against,
                  "spec, what memory promises; a rule-set to compare with; kernel, or engine")
      ->type_name("spec|RULES|kernel|engine")
      ->capture_default_str();
  command.add_option("--starts", asked.starts, "What there is at the start: small,huge,...")
      ->type_name("NAMES")
      ->capture_default_str();
  command
      .add_option("--words", asked.words,
                  "The words of programs: usual, all, -NAME to leave out, or a list with commas")
      ->type_name("WORDS")
      ->capture_default_str();
  command.add_option("--depth", asked.depth, "Words a program, at most; 0: races only")
      ->check(CLI::Range(0, 12))
      ->capture_default_str();
  command.add_option("--races", asked.races, "Also two words at once, under sc,tso,ra; or none")
      ->type_name("MODELS")
      ->capture_default_str();
  command.add_option("--before", asked.before, "Words before a race, at most")
      ->check(CLI::Range(0, 4))
      ->capture_default_str();
  command.add_option("--after", asked.after, "Words after a race, at most")
      ->check(CLI::Range(0, 3))
      ->capture_default_str();
  command.add_option("--before-words", asked.before_words, "Which those are")->type_name("WORDS");
  command.add_option("--race-words", asked.race_words, "Which words race")->type_name("WORDS");
  command.add_option("--after-words", asked.after_words, "Which come after")->type_name("WORDS");
  command.add_option("--references", asked.references, "References a program, at most")
      ->check(CLI::Range(0, 3))
      ->capture_default_str();
}

void add_hunt(CLI::App& litmus) {
  const auto asked = std::make_shared<HuntAsked>();
  asked->jobs = lab::explore::all_processors();
  CLI::App* command = litmus.add_subcommand(
      "hunt", "Try all programs up to a bound: which break a promise of memory?");
  add_range(*command, *asked);
  command->add_option("--time", asked->time, "Begin nothing new after so many seconds")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", asked->seed, "Draw the order of the parts; 0: in order")
      ->capture_default_str();
  command->add_option("-j,--jobs,--threads", asked->jobs, "How many parts are made at once")
      ->check(CLI::Range(1, 256))
      ->default_str(kAllProcessors);
  command
      ->add_option("--journal", asked->journal,
                   "Keep the answers in this file; what it has already is not searched again")
      ->type_name("FILE");
  command->add_option("--shard", asked->shard, "Search one part of several: 3/8")
      ->type_name("I/N")
      ->capture_default_str();
  command
      ->add_option("--queue", asked->queue,
                   "Share the parts with all who name the same Redis server, as HOST:PORT, or the "
                   "same campaign there, as HOST:PORT/NAME")
      ->type_name("SERVER");
  add_telling(*command, *asked);

  const auto joined = std::make_shared<HuntAsked>();
  const auto journals = std::make_shared<std::vector<std::string>>();
  const auto into = std::make_shared<std::string>();
  CLI::App* merge = command->add_subcommand("merge", "Join the journals of shards");
  merge->add_option("JOURNAL", *journals, "The files of --journal")->required();
  merge->add_option("--into", *into, "Write them to this file as one")->type_name("FILE");
  add_telling(*merge, *joined);
  merge->callback([=] { merge_hunts(*journals, *into, *joined); });
  command->callback([asked, command] {
    if (command->get_subcommands().empty()) hunt(*asked);
  });
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
  add_hunt(litmus);
  litmus.callback([&] {
    if (!litmus.get_subcommands().empty()) return;
    if (options.kernel)
      run_on_kernel({options.names, options.time, options.json, options.verbose, options.html,
                     options.jobs, options.origin});
    else
      run(options);
  });
}

}  // namespace
}  // namespace cleave::litmus

// NOLINTNEXTLINE(bugprone-exception-escape): run_program() catches what its callbacks throw.
int main(int argc, char** argv) {
  cleave::litmus::Options options;
  options.origin = cleave::litmus::origin_of({argv + 1, argv + argc});
  return cleave::console::run_program(
      "cleave litmus",
      "Ask whether a run can end in a given way, under each rule-set of Linux and others",
      [&](CLI::App& litmus) { cleave::litmus::add_options(litmus, options); }, argc, argv);
}
