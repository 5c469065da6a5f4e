// Runs generated programs under a rule-set, and says which promises it does not keep.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lab/explore/execution/execution.h"
#include "lab/hunt/play/scene.h"
#include "lab/judge/variant.h"

namespace lab::hunt {

/// What a program without a race came to.
struct Run {
  explore::Ending ending = explore::Ending::complete;
  std::string broken;  ///< what the machine said of itself; empty: all is well
  spec::Observation seen;
  explore::Hash128 state;  ///< of the machine; only if it was asked for
};

/// What a program with a race can come to.
struct Outcomes {
  std::set<std::uint64_t> seen;  ///< observations, packed
  std::string broken;            ///< what broke in some run
  bool hangs = false;            ///< some run does
  bool complete = true;          ///< each order was tried
  std::uint64_t runs = 0;
};

/// The breaches of one run, the worst first.
std::vector<spec::Breach> breaches(const spec::Promise& promise, const Run& run);
/// The breaches of a race: of each outcome that is promised in neither order, the fewest.
std::vector<spec::Breach> breaches(const std::vector<spec::Promise>& orders,
                                   const Outcomes& outcomes);

/// One start and one rule-set, on one OS thread.
class Player {
 public:
  /// Both must outlive the player.
  Player(Stage& stage, const judge::Variant& variant, Performer performer = nullptr);

  /// Without the machine's state, unless `with_state`.
  const Run& run(const Script& script, bool with_state);
  /// All orders under the memory model, up to so many runs.
  [[nodiscard]] Outcomes explore(const Script& script, explore::Memory memory) const;
  /// What is promised after the program, and not kept. The program must make sense.
  std::vector<spec::Breach> breaches_of(const Program& program, explore::Memory memory);

  [[nodiscard]] const judge::Variant& variant() const { return variant_; }

 private:
  Stage& stage_;
  const judge::Variant& variant_;
  const Performer performer_;
  explore::Execution execution_;
  Run run_;
};

}  // namespace lab::hunt
