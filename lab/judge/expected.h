// What a test expects of a rule-set.
#pragma once

#include <optional>
#include <vector>

#include "lab/explore/execution/execution.h"
#include "lab/judge/variant.h"
#include "lab/litmus/diagnostic.h"
#include "lab/litmus/test.h"

namespace lab::judge {

/// A memory model in the language's terms, and in the explorer's.
[[nodiscard]] litmus::Memory language_of(explore::Memory memory);
[[nodiscard]] explore::Memory explorers(litmus::Memory memory);

/// What `test` expects of `variant` under `memory`. A rule-set that was changed, and that the test
/// does not name, is expected to do what it does unchanged: a difference shows that the change
/// matters. What it does not say of ra it says of tso, and what not of tso, of sc. Nothing: the
/// test only asks.
struct Expected {
  /// Any of these is as expected: `allowed` means sometimes or always.
  std::vector<litmus::Verdict> verdicts;
  [[nodiscard]] bool has(litmus::Verdict verdict) const;
  /// "never", "sometimes or always", "nothing".
  [[nodiscard]] std::string text() const;
};
Expected expected(const litmus::Test& test, const Variant& variant, litmus::Memory memory);

/// What the test's `expect` and `reach` lines name beyond the rule-sets as they are: changed ones,
/// tso and ra. Each once.
struct Named {
  Variant variant;
  litmus::Memory memory;
};
std::vector<Named> named_beyond(const litmus::Test& test);

/// Whether the label must be reached under the variant.
bool must_reach(const litmus::Reach& reach, const Variant& variant);

/// What is wrong with the judges that a test names: unknown ones, and ones named twice.
std::vector<litmus::Diagnostic> check_judges(const litmus::Test& test);

}  // namespace lab::judge
