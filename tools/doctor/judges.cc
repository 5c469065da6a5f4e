#include "tools/doctor/judges.h"

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tools/console/programs.h"

namespace cleave::doctor {
namespace {

Finding model(Standing standing, std::string detail) {
  return {"model", standing, std::move(detail), {}, standing == Standing::ok};
}

Finding kernel(Standing standing, std::string detail, std::string advice = {}) {
  return {"kernel", standing, std::move(detail), std::move(advice), standing != Standing::missing};
}

// The judge itself, and each thing that some of its tests need.
void look_at_kernel(const nlohmann::json& said, std::vector<Finding>& all) {
  if (!said.at("ready").get<bool>()) {
    all.push_back(kernel(Standing::missing, said.at("why_not"),
                         "For tests on the running kernel: run as root."));
    return;
  }
  std::vector<Finding> parts;
  std::vector<std::string> without;
  for (const auto& part : said.at("parts")) {
    const std::string what = part.at("what");
    const bool ready = part.at("ready");
    parts.push_back(
        {"kernel: " + what, ready ? Standing::ok : Standing::missing, part.at("why"), {}, ready});
    if (!ready) without.push_back(what);
  }
  all.push_back(without.empty()
                    ? kernel(Standing::ok, "`cleave litmus --kernel` has all it takes")
                    : kernel(Standing::limited, fmt::format("tests that need {} are skipped",
                                                            fmt::join(without, ", "))));
  all.insert(all.end(), parts.begin(), parts.end());
}

}  // namespace

std::vector<Finding> look_at_judges() {
  const auto litmus = console::find_program("litmus");
  if (!litmus) {
    const char* why = "cleave-litmus is not there; building cleave with CLEAVE_LAB=ON makes it";
    return {model(Standing::missing, why), kernel(Standing::missing, why)};
  }
  // The model is a program that asks nothing of the machine.
  std::vector<Finding> all{model(Standing::ok, "runs anywhere")};
  const std::string text = console::output_of(*litmus, {"ready", "--json"});
  const auto said = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (said.is_discarded()) {
    all.push_back(kernel(Standing::missing, litmus->string() + " does not answer"));
  } else {
    look_at_kernel(said, all);
  }
  return all;
}

}  // namespace cleave::doctor
