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

/// What a program with a race can come to.
struct Outcomes {
  std::set<std::uint64_t> seen;  ///< observations, packed
  std::string broken;            ///< what broke in some run
  bool hangs = false;            ///< some run does
  bool complete = true;          ///< each order was tried
};

/// The breaches of one run, the worst first.
std::vector<spec::Breach> breaches(const spec::Promise& promise, const Run& run);
/// The breaches of a race: of each outcome that is promised in neither order, the fewest.
std::vector<spec::Breach> breaches(const Orders& orders, const Outcomes& outcomes);

/// One start and one rule-set, on one OS thread.
class Player {
 public:
  /// All must outlive the player. `who`: a bit of its own, for Script::End::asked.
  Player(Stage& stage, const judge::Variant& variant, std::uint64_t who,
         Performer performer = nullptr);

  /// What each end of a script without a race comes to, without the machine's state unless
  /// `with_state`. Cost: what comes before is performed once. Valid until the next call.
  std::vector<Run>& run(const Script& script, bool with_state);
  /// What each end of a script can come to, in all orders of its race under the memory model, up
  /// to so many runs; and how many it took. Cost: a run does for all ends.
  struct Explored {
    std::vector<Outcomes> ends;
    std::uint64_t runs = 0;
    bool same_under_tso = false;  ///< of sc: no store can be late there
  };
  [[nodiscard]] Explored explore(const Script& script, explore::Memory memory) const;

  [[nodiscard]] const judge::Variant& variant() const { return variant_; }
  [[nodiscard]] bool is_asked(const Script::End& end) const { return (end.asked & who_) != 0; }

 private:
  Stage& stage_;
  const judge::Variant& variant_;
  const std::uint64_t who_;
  const Performer performer_;
  explore::Execution execution_;
};

}  // namespace lab::hunt
