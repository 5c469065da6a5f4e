#include "lab/report/page/page.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string_view>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/litmus/hunt/page.h"

namespace cleave::litmus {

namespace page {

// The build makes them of the files in tools/litmus/hunt/page.
extern const std::string_view kHunt;
extern const std::string_view kHuntStyle;
extern const std::string_view kHuntScript;

}  // namespace page

namespace {

using Json = nlohmann::ordered_json;

Json parts_of(const HuntReport& report, const std::vector<lab::hunt::PartName>& parts) {
  Json all = Json::array();
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (!report.shard.has(part)) continue;
    const auto& answer = report.journal.answers[part];
    all.push_back({{"start", parts[part].row},
                   {"first", parts[part].column},
                   {"programs", answer ? Json(answer->programs) : Json(nullptr)}});
  }
  return all;
}

}  // namespace

tl::expected<void, std::string> write_page(const std::string& path, const HuntReport& report,
                                           const std::vector<lab::hunt::PartName>& parts,
                                           const lab::judge::TestFiles& catalogue) {
  Json data = Json::parse(json_of(report, catalogue));
  data["coverage"] = coverage_of(report);
  data["cleave"] = CLEAVE_VERSION;
  data["made"] = fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)));
  data["parts"] = parts_of(report, parts);
  std::ofstream file(path, std::ios::binary);
  const std::string style = std::string(lab::page::kStyle).append(page::kHuntStyle);
  file << lab::page::whole({.skeleton = page::kHunt,
                            .title = "A hunt for broken promises of memory",
                            .style = style,
                            .script = page::kHuntScript},
                           data);
  file.close();
  if (!file)
    return tl::unexpected(fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
  return {};
}

}  // namespace cleave::litmus
