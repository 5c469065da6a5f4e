// What a test is judged by: a rule-set, with knobs turned and fences left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/litmus/test.h"
#include "lab/model/decide/rules.h"
#include "lab/model/fences.h"

namespace lab::judge {

struct Variant {
  std::string text;  ///< canonical: "E1", "E1,reuse_small=map,drop=gup_fast.recheck"
  std::string base;  ///< the rule-set's name without changes
  model::Rules rules;
  std::vector<std::string> drop;  ///< fences and re-checks to leave out

  [[nodiscard]] bool changed() const { return text != base; }
};

/// Reads "E1", "C0..F" (all of them), "E1,knob=answer,drop=NAME". The error lists what would have
/// been understood.
tl::expected<std::vector<Variant>, std::string> parse_variants(std::string_view text);
/// The same for what a test says of its judges.
tl::expected<std::vector<Variant>, std::string> variants_of(const litmus::Judges& judges);
/// Every rule-set, in the order of the model.
std::vector<Variant> all_variants();
/// `variant` with one fence or re-check less; the error lists those that there are.
tl::expected<Variant, std::string> without(Variant variant, std::string_view fence);

/// Judges that are none of the model: `kernel`.
bool judges_elsewhere(const litmus::Judges& judges);

}  // namespace lab::judge
