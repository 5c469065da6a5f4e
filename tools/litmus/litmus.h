// `cleave litmus`: what its commands do, and what they share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/explore/search/jobs.h"
#include "lab/judge/batch.h"
#include "lab/judge/files.h"
#include "lab/judge/judge.h"
#include "lab/report/html.h"

namespace cleave::litmus {

/// What `cleave litmus` is asked for.
struct Options {
  std::vector<std::string> names;
  std::vector<std::string> rules;
  std::vector<std::string> drop;
  std::string search = "dpor";
  std::string memory;
  std::uint64_t seed = 1;
  double time = 0;  ///< processor time a judgement; 0: kSeconds
  unsigned jobs = lab::explore::all_processors();
  std::string replay;
  std::string html;
  bool kernel = false;
  bool json = false;
  bool verbose = false;
  lab::report::Origin origin;  ///< of what --json and --html write
};

/// How long a judgement may take, in seconds of processor time, where nothing else is said.
inline constexpr double kSeconds = 30;

/// Judges, and prints what was found. Ends the command with status 1 where something is not as
/// expected, with 3 where nothing is, but a search was cut off, with 130 where it was interrupted.
void run(const Options& options);
/// Prints tests in their canonical form.
void show(const std::vector<std::string>& names);

/// Says what is wrong on standard error and ends the command with `status`.
[[noreturn]] void stop(int status, const std::string& text);

/// Of what the command writes now. `words`: what stands after `cleave litmus`.
lab::report::Origin origin_of(const std::vector<std::string>& words);

/// Where the tests lie that come with cleave: beside the installed command, or in the source tree.
std::string catalogue();

/// The tests that `names` stand for; ends the command with status 2 where one cannot be read.
lab::judge::TestFiles load(const std::vector<std::string>& names);
std::vector<const lab::litmus::Test*> tests_of(const lab::judge::TestFiles& files);

/// Of "sc", "tso", "ra"; empty: sc.
lab::explore::Memory memory_of(const std::string& name);
/// "dpor", "states", "bound=2", "random=1000", "pct=3", "naive".
void set_search(const std::string& text, lab::judge::Effort& effort);
/// "A+C0..F+E1,bias=4": each of them; empty: all rule-sets.
std::vector<lab::judge::Variant> variants(const std::vector<std::string>& texts);

/// Judges `jobs` at once; on a terminal it says how far it is. Ctrl-C cuts off what is
/// left. Ends the command with status 2 where something cannot be explored.
std::vector<lab::judge::Judgement> judge(const std::vector<lab::judge::Case>& cases,
                                         const lab::judge::Effort& effort, unsigned jobs);

/// Writes lab/report's page to `path`, with columns of judges that are no rule-sets. On a terminal
/// it says how far it is. Ends the command with status 2 where that fails.
void write_html(const std::string& path, const lab::judge::TestFiles& files,
                const std::vector<lab::judge::Judgement>& judgements,
                const std::vector<lab::report::Column>& columns, lab::explore::Search search,
                unsigned jobs, const lab::report::Origin& origin);

/// All rule-sets, knobs and fences.
void print_rules();
/// What this machine has for --kernel.
void print_readiness(bool json);
/// Judges the tests under every rule-set that differs from `rules` in one answer or lacks one
/// fence, and says which tests notice: where what can be at the end is not the same. Ends the
/// command with status 1 if there is a change that none does.
void mutate(const std::string& rules, const std::vector<std::string>& names, unsigned jobs);

}  // namespace cleave::litmus
