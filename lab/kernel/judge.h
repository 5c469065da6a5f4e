// Judges tests on the Linux that runs here: what is observed, and how that stands to what rule-set
// F says of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lab/judge/expected.h"
#include "lab/kernel/chance.h"
#include "lab/kernel/prediction.h"
#include "lab/kernel/recording.h"
#include "lab/kernel/system/system.h"
#include "lab/kernel/trial.h"
#include "lab/litmus/test.h"

namespace lab::kernel {

struct Options {
  /// A test whose runs differ by chance is run until an end that one run in so many comes to would
  /// have been seen, as surely as kSureness; 0: as often as there is time.
  double rare = kRare;
  double seconds = 1;               ///< but for no longer than that
  double ordered_seconds = 0.5;     ///< for others: as long, or
  std::uint64_t ordered_runs = 20;  ///< so many runs
  double patience = 3.0;            ///< a run in which nothing happens for so long hangs
  unsigned at_once = 1;             ///< tests, of those that labels order
  /// Called some times a second while a test runs: runs so far, and for how many seconds.
  std::function<void(const litmus::Test& test, std::uint64_t runs, double seconds)> progress =
      nullptr;
  /// Asked of each test that was run; else prediction_of() is, when the runs are over.
  std::function<Prediction(const litmus::Test&)> predict = nullptr;
};

enum class Standing : std::uint8_t {
  agrees,
  open,     ///< the rules say `sometimes`, and chance has not shown it yet
  finding,  ///< the kernel does what the rules deny, or never what they say it always does
  asked,    ///< there is nothing to compare with
};

/// One end that was observed.
struct Observed {
  std::string text;  ///< "C:r=77; coherent(p)=1;"
  bool holds;        ///< the condition holds there
  std::uint64_t count;
};

/// What was observed: never more than that. A test that was not run has a reason instead.
struct KernelVerdict {
  const litmus::Test* test = nullptr;
  std::string skipped;  ///< why it was not run; empty: it was
  litmus::Verdict verdict = litmus::Verdict::never;
  judge::Expected expected;
  /// Why there is nothing to compare with; empty: there is. Told beside what was observed.
  std::string uncompared;
  /// An end that was observed and that the rules do not have; empty: none.
  std::string unforeseen;
  Standing standing = Standing::asked;
  bool ordered = false;        ///< labels order all, so that each run shows the same
  std::uint64_t runs = 0;      ///< that came to an end
  std::uint64_t positive = 0;  ///< of them, those where the condition holds
  std::uint64_t unclear = 0;   ///< of them, those whose ends were too many to list
  /// Where chance decides: an end that was not seen has, with kSureness, a lower probability.
  std::optional<double> unseen_below;
  std::uint64_t untried = 0;  ///< not counted: there the kernel refused what the rules never refuse
  std::string untried_at;     ///< what that was
  double seconds = 0;
  std::vector<Observed> ends;        ///< those where the condition holds first
  std::vector<std::string> methods;  ///< "p by vmsplice"
  std::optional<report::Recording>
      recording;         ///< of one more run; only where all is ordered, and none hangs
  std::string hangs_at;  ///< which threads wait where
  /// What was seen is not what the test claims, and the rules say so of themselves: a harm or a
  /// cost that is known.
  bool expected_failure = false;
};

/// The test, ready to be run; or why it is skipped, whatever state the system is in.
tl::expected<CompiledTest, std::string> ready(const litmus::Test& test);
/// Judges one test. Skips it, with the reason, where the machine or the kernel has not what it
/// takes. Processes, settings and files are as before when this returns, but for what `system`
/// keeps for the next test.
KernelVerdict judge(const litmus::Test& test, System& system, const Options& options);
/// Judges all of them, and tells of each by its number, in their order. Tests that labels order run
/// side by side, each on a processor of its own, unless they change settings of the system; others
/// run one after the other.
void judge_all(const std::vector<const litmus::Test*>& tests, System& system,
               const Options& options, const std::function<void(std::size_t, KernelVerdict)>& tell);
/// The verdict of a trial that is over.
KernelVerdict conclude(const Trial& trial, const Options& options);
/// The same where there is no system to be had: skipped, because of `why`.
KernelVerdict skip(const litmus::Test& test, std::string why);

/// Ends the run of judge() that is going on, with what it has so far, and all later ones at once.
/// May be called from a signal handler.
void interrupt();
bool interrupted();

}  // namespace lab::kernel
