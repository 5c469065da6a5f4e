#include "lab/report/html.h"

#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/explore/search/jobs.h"
#include "lab/portable/ranges.h"
#include "lab/report/page/page.h"

namespace lab::report {
namespace {

using ShownOrNot = tl::expected<std::optional<Shown>, explore::Refusal>;

std::vector<ShownOrNot> show_all(const std::vector<judge::Judgement>& judgements,
                                 const PageOptions& options) {
  std::vector<ShownOrNot> shown(judgements.size());
  std::mutex telling;  // guards `finished`, and is held while the caller is told
  std::size_t finished = 0;
  explore::share_out(judgements.size(), options.jobs, [&](std::size_t i) {
    shown[i] = show(judgements[i], options.max_seconds);
    const std::lock_guard lock(telling);
    if (++finished; options.done) options.done(finished, judgements.size());
  });
  return shown;
}

std::string folder_of(const judge::TestFile& file) {
  const std::size_t end = file.name.find('/');
  return end == std::string::npos ? "" : file.name.substr(0, end);
}

// Several pages lie open side by side, and their titles are all that tells them apart.
std::string title_of(const judge::TestFiles& tests) {
  if (tests.size() == 1) return fmt::format("{}, a litmus test", tests.front()->test.name);
  const bool one_folder = !tests.empty() && ranges::all_of(tests, [&](const auto& file) {
    return folder_of(*file) == folder_of(*tests.front());
  });
  const std::string folder = one_folder ? folder_of(*tests.front()) : "";
  return folder.empty()
             ? fmt::format("{} litmus tests of copy-on-write and page references", tests.size())
             : fmt::format("{}, {} litmus tests", folder, tests.size());
}

}  // namespace

tl::expected<std::string, explore::Refusal> html(const judge::TestFiles& tests,
                                                 const std::vector<judge::Judgement>& judgements,
                                                 const std::vector<Column>& columns,
                                                 const PageOptions& options) {
  std::vector<ShownOrNot> shown = show_all(judgements, options);
  std::vector<std::optional<Shown>> runs;
  runs.reserve(shown.size());
  for (ShownOrNot& each : shown) {
    if (!each) return tl::unexpected(std::move(each.error()));
    runs.push_back(std::move(*each));
  }
  nlohmann::ordered_json data = data_of(tests, judgements, runs, columns, options.search);
  data["made"] = json(options.origin);
  const std::string title = title_of(tests);
  return page::whole(
      {.skeleton = page::kSkeleton, .title = title, .style = page::kStyle, .script = page::kScript},
      data);
}

}  // namespace lab::report
