// `cleave litmus ready`: whether this machine can be asked, too.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/kernel/system/capabilities.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

void print_json(const std::string& why_not, const std::vector<lab::kernel::Capability>& parts) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const lab::kernel::Capability& part : parts) {
    array.push_back({{"what", part.what}, {"ready", part.available}, {"why", part.why}});
  }
  const nlohmann::ordered_json all{
      {"ready", why_not.empty()}, {"why_not", why_not}, {"parts", array}};
  fmt::print("{}\n", all.dump(2));
}

}  // namespace

void print_readiness(bool json) {
  const std::string why_not = lab::kernel::missing_for_every_test();
  const std::vector<lab::kernel::Capability> parts = lab::kernel::capabilities();
  if (json) return print_json(why_not, parts);
  for (const lab::kernel::Capability& part : parts) {
    fmt::print("  {:<8} {:<20} {}\n", part.available ? "ok" : "missing", part.what, part.why);
  }
  fmt::print("{}\n", why_not.empty() ? "Tests can be run on this kernel."
                                     : "No test can be run on this kernel: " + why_not);
}

}  // namespace cleave::litmus
