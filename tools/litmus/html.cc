// `cleave litmus --html`: what was found as a page.
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "lab/words/counted.h"
#include "tools/console/status_line.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {

void write_html(const std::string& path, const lab::judge::TestFiles& files,
                const std::vector<lab::judge::Judgement>& judgements,
                const std::vector<lab::report::Column>& columns, lab::explore::Search search,
                unsigned jobs, const lab::report::Origin& origin) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  lab::report::PageOptions options;
  options.search = search;
  options.jobs = jobs;
  options.origin = origin;
  const console::StatusLine status;
  options.done = [&](std::size_t done, std::size_t all) {
    if (status.is_shown())
      status.show(fmt::format("{} of {} drawn", done, lab::words::counted(all, "run")));
  };
  const auto page = lab::report::html(files, judgements, columns, options);
  status.clear();
  if (!page) stop(2, fmt::format("--html: {}\n", page.error().what));
  std::ofstream file(path, std::ios::binary);
  file << *page;
  file.close();
  if (!file) stop(2, fmt::format("--html: {} cannot be written: {}\n", path, std::strerror(errno)));
  fmt::print(stderr, "{}: {:.1f} MB, {:.1f} s\n", path, static_cast<double>(page->size()) / 1e6,
             std::chrono::duration<double>(Clock::now() - begin).count());
}

}  // namespace cleave::litmus
