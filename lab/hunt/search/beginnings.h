// Programs in a row, grown act by act: under each rule-set, one for each state.
#pragma once

#include <unordered_set>
#include <vector>

#include "lab/hunt/search/finding.h"

namespace lab::hunt {

struct Beginning {
  std::vector<Step> steps;
  spec::Promise promise;
  std::uint64_t alive;  ///< variants that it is asked of: it has shown nothing, and is new, there
};

class Grower {
 public:
  /// Counts what it judges in `answer`, and books there what it finds.
  Grower(const Start& start, Question& question, Answer& answer)
      : start_(start), question_(question), answer_(answer) {}

  /// A program of no acts.
  [[nodiscard]] Beginning nothing() const;
  /// Judges the program with one act more, each of `acts`. Adds to `into`, if `keep`, those that
  /// lead somewhere new.
  void grow(const Beginning& from, const std::vector<spec::Act>& acts, bool keep,
            std::vector<Beginning>& into);
  /// The same for all acts of these shapes that make sense.
  void grow_all(const Beginning& from, const std::vector<Shape>& shapes, bool keep,
                std::vector<Beginning>& into);

 private:
  /// A program of one act more.
  struct Next {
    Step step;
    spec::Promise promise;
    std::uint64_t alive;
  };
  void judge(const Beginning& from, Next& next, Row& row, bool keep, std::vector<Beginning>& into);
  void book(const Beginning& from, const Step& last, std::size_t variant, const Shown& shown);
  [[nodiscard]] std::uint64_t new_among(const Row& row, const spec::Promise& promise);

  const Start& start_;
  Question& question_;
  Answer& answer_;
  std::unordered_set<std::uint64_t> states_;
};

/// The variants among `alive` to which the act means something.
std::uint64_t alive_after(std::uint64_t alive, const spec::Act& act, const spec::Promise& after,
                          const Options& options);

/// Minimises what a program shows, and books it; of a harm that is known, only that it was met.
void book(Program program, std::size_t variant, explore::Memory memory, const Shown& shown,
          Question& question, Answer& answer);

}  // namespace lab::hunt
