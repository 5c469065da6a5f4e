#include "lab/judge/refusals/refusals.h"

#include "lab/explore/search/explorer.h"
#include "lab/judge/test_program.h"

namespace lab::judge {
namespace {

class NotingRefusals : public TestProgram {
 public:
  NotingRefusals(const Plan& plan, const model::Rules& rules, std::set<const Instruction*>& seen)
      : TestProgram(plan, rules), seen_(seen) {}

 private:
  void refused(const Instruction& instruction) override { seen_.insert(&instruction); }
  std::set<const Instruction*>& seen_;
};

}  // namespace

std::optional<std::set<const Instruction*>> refusals(const Plan& plan, const model::Rules& rules,
                                                     double seconds) {
  std::set<const Instruction*> seen;
  const explore::Factory factory = [&] {
    return std::make_unique<NotingRefusals>(plan, rules, seen);
  };
  explore::Options options;
  options.max_seconds = seconds;
  const auto result = explore::explore(factory, options);
  if (!result || result->coverage.kind != explore::Coverage::Kind::exhaustive) return std::nullopt;
  return seen;
}

}  // namespace lab::judge
