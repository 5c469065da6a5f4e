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

// Stands in a script element: nothing in it may look like the end of one.
std::string inlined(const Json& data) {
  std::string text;
  for (const char c : data.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

std::string with(std::string_view text, std::string_view mark, std::string_view instead) {
  const std::size_t at = text.find(mark);
  return std::string(text.substr(0, at)).append(instead).append(text.substr(at + mark.size()));
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
  std::string page =
      with(page::kHunt, "/*STYLE*/", std::string(lab::page::kStyle).append(page::kHuntStyle));
  page = with(page, "/*SCRIPT*/", page::kHuntScript);
  std::ofstream file(path, std::ios::binary);
  file << with(page, "/*DATA*/", inlined(data));
  file.close();
  if (!file)
    return tl::unexpected(fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
  return {};
}

}  // namespace cleave::litmus
