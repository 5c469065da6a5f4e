#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "lab/words/counted.h"
#include "tools/console/exit.h"
#include "tools/console/interrupt.h"
#include "tools/console/programs.h"
#include "tools/console/status_line.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {

void stop(int status, const std::string& text) {
  fmt::print(stderr, "{}", text);
  throw console::Exit{status};
}

std::string catalogue() {
  const auto from_here = [](const char* way) {
    return (console::own_folder() / way).lexically_normal();
  };
  const std::filesystem::path installed = from_here(CLEAVE_INSTALLED_CATALOGUE);
  std::error_code ignored;
  return std::filesystem::is_directory(installed, ignored) ? installed.string()
                                                           : from_here(CLEAVE_CATALOGUE).string();
}

lab::judge::TestFiles load(const std::vector<std::string>& names) {
  auto files = lab::judge::load(names, catalogue());
  if (!files) stop(2, files.error());
  return std::move(*files);
}

std::vector<const lab::litmus::Test*> tests_of(const lab::judge::TestFiles& files) {
  std::vector<const lab::litmus::Test*> tests;
  for (const auto& file : files) tests.push_back(&file->test);
  return tests;
}

lab::explore::Memory memory_of(const std::string& name) {
  using lab::explore::Memory;
  return name == "tso" ? Memory::tso : name == "ra" ? Memory::ra : Memory::sc;
}

void set_search(const std::string& text, lab::judge::Effort& effort) {
  struct Kind {
    std::string_view name;
    lab::explore::Search search;
  };
  static constexpr Kind kKinds[] = {
      {"dpor", lab::explore::Search::dpor},   {"states", lab::explore::Search::states},
      {"bound", lab::explore::Search::bound}, {"random", lab::explore::Search::random},
      {"pct", lab::explore::Search::pct},     {"naive", lab::explore::Search::naive},
  };
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const auto* kind = std::ranges::find(kKinds, name, &Kind::name);
  const char* advice = "  write dpor, states, naive, bound=PREEMPTIONS, random=RUNS or pct=DEPTH\n";
  if (kind == std::end(kKinds))
    stop(2, fmt::format("--search: there is no search \"{}\"\n{}", name, advice));
  effort.search = kind->search;
  const bool wants = kind->search == lab::explore::Search::bound ||
                     kind->search == lab::explore::Search::random ||
                     kind->search == lab::explore::Search::pct;
  if (equals == std::string::npos) return;
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + equals + 1, end, number);
  if (!wants || error != std::errc{} || at != end ||
      (number == 0 && kind->search != lab::explore::Search::bound))
    stop(2, fmt::format("--search: \"{}\" is not understood\n{}", text, advice));
  effort.runs = kind->search == lab::explore::Search::random ? number : effort.runs;
  effort.bound = kind->search == lab::explore::Search::random ? effort.bound : number;
}

std::vector<lab::judge::Variant> variants(const std::vector<std::string>& texts) {
  std::vector<lab::judge::Variant> result;
  for (const std::string& text : texts) {
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find_first_of("+ ", at), text.size());
      const auto some = lab::judge::parse_variants(std::string_view(text).substr(at, end - at));
      if (!some)
        stop(2, fmt::format("--rules {}: {}\n  `cleave litmus rules` says what each is\n", text,
                            some.error()));
      for (const lab::judge::Variant& one : *some)
        if (std::ranges::find(result, one.text, &lab::judge::Variant::text) == result.end())
          result.push_back(one);
      at = end + 1;
    }
  }
  return result.empty() ? lab::judge::all_variants() : result;
}

namespace {

// How far it is, and when it ends: by what it took so far, and, at the latest, by the bound of each
// search.
std::string progress_text(std::size_t done, std::size_t all, double seconds, unsigned jobs,
                          const lab::judge::Effort& effort) {
  std::string text =
      fmt::format("{} of {}, {:.0f} s", done, lab::words::counted(all, "judgement"), seconds);
  const auto rest = static_cast<double>(all - done);
  if (done > 0)
    text += fmt::format(", about {:.0f} s left", seconds / static_cast<double>(done) * rest);
  if (effort.max_seconds)
    text +=
        fmt::format(", {:.0f} at most", *effort.max_seconds * std::ceil(rest / std::max(1U, jobs)));
  return text;
}

}  // namespace

std::vector<lab::judge::Judgement> judge(const std::vector<lab::judge::Case>& cases,
                                         const lab::judge::Effort& effort, unsigned jobs) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  const console::StatusLine status;
  std::atomic<std::size_t> finished{0};  // each worker tells; any of them shows. Order is no matter
  const auto show = [&](const std::string& more) {
    if (!status.is_shown()) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    status.show(progress_text(finished, cases.size(), seconds, jobs, effort) + more);
  };
  lab::judge::Effort watched = effort;
  watched.stop = &console::interrupted;
  watched.progress = [&](const lab::explore::Progress& so_far) {
    show(fmt::format("; one has made {} in {:.0f} s", lab::words::counted(so_far.runs, "run"),
                     so_far.seconds));
  };
  const console::Interruptible interruptible;
  auto results = lab::judge::judge_all(cases, watched, jobs, [&](std::size_t done) {
    finished = done;
    if (cases.size() > 1) show("");
  });
  status.clear();
  std::vector<lab::judge::Judgement> judgements;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i])
      stop(2, fmt::format("{} under {}: {}\n", cases[i].test->name, cases[i].variant.text,
                          results[i].error().what));
    judgements.push_back(std::move(*results[i]));
  }
  return judgements;
}

}  // namespace cleave::litmus
