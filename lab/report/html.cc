#include "lab/report/html.h"

#include <mutex>
#include <optional>

#include <nlohmann/json.hpp>

#include "lab/explore/search/jobs.h"
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
  return page::whole(page::kSkeleton, page::kStyle, page::kScript,
                     data_of(tests, judgements, runs, columns, options.search));
}

}  // namespace lab::report
