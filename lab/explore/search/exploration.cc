#include "lab/explore/search/exploration.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "lab/explore/search/determinism.h"
#include "lab/portable/ranges.h"
#include "lab/words/counted.h"

namespace lab::explore {
namespace {

std::uint64_t hash(const Outcome& outcome) {
  Hash64 hash;
  for (const Outcome::Value& value : outcome.values()) hash.feed(value.value);
  return hash.value();
}

constexpr const char* kMustRepeat =
    "the program must do the same under the same schedule: it must not depend on addresses, "
    "clocks, "
    "hash order or what an earlier run left behind";

}  // namespace

Exploration::Exploration(const Factory& factory, const Options& options)
    : factory_(factory),
      options_(options),
      execution_(options.memory, options.drop, options.max_steps),
      again_(options.memory, options.drop, options.max_steps) {}

bool Exploration::run(Chooser& chooser) {
  ending_ = execution_.run(factory_, chooser);
  ++runs_;
  result_.steps += execution_.steps();
  if (ending_ == Ending::diverged) {
    refuse(fmt::format("step {} of a run could not be taken when the run was made again; {}",
                       execution_.steps() + 1, kMustRepeat));
    return false;
  }
  if (runs_ <= options_.check_runs) check_determinism(chooser);
  if (!counts || counts()) book(chooser);
  if (options_.max_runs && runs_ >= *options_.max_runs) {
    stopped_ = true;
    stopped_by_ = "after " + words::counted(runs_, "run");
  }
  if (options_.stop != nullptr && *options_.stop) {
    stopped_ = true;
    stopped_by_ = "by hand";
  }
  if (runs_ % 64 == 0) look_at_the_clock();
  return !stopped_;
}

void Exploration::check_determinism(const Chooser& chooser) {
  if (const auto what = difference(factory_, again_, chooser.schedule())) {
    refuse(fmt::format("{}; {}", *what, kMustRepeat));
  }
}

void Exploration::book(const Chooser& chooser) {
  for (const std::string& label : execution_.reached()) {
    if (ranges::find(result_.reached, label) == result_.reached.end()) {
      result_.reached.push_back(label);
    }
  }
  const std::vector<Violation>& breaches = execution_.violations();
  // What a reduced search gives up is part of another run; where states are compared, the rest
  // alone is.
  if (ending_ == Ending::cut && (breaches.empty() || options_.search == Search::dpor)) {
    ++result_.cut;
    return;
  }
  ++result_.traces;
  if (ending_ == Ending::complete && breaches.empty() && execution_.outcome(outcome_)) {
    book_outcome(chooser);
    return;
  }
  for (const Violation& breach : breaches) book(Failure::Kind::broken, breach.what, chooser);
  if (ending_ == Ending::too_long) {
    book(Failure::Kind::too_long,
         fmt::format("more than {}: {}", words::counted(options_.max_steps, "step"),
                     execution_.standstill()),
         chooser);
  } else if (ending_ == Ending::deadlock && breaches.empty()) {
    book(Failure::Kind::deadlock, execution_.standstill(), chooser);
  }
}

void Exploration::book_outcome(const Chooser& chooser) {
  stop_if_found({&outcome_, {}, {}});
  const std::uint64_t key = hash(outcome_);
  for (auto [place, end] = seen_.equal_range(key); place != end; ++place) {
    Seen& seen = result_.outcomes[place->second];
    if (seen.outcome == outcome_) {
      ++seen.count;
      return;
    }
  }
  seen_.emplace(key, result_.outcomes.size());
  result_.outcomes.push_back({outcome_, 1, chooser.schedule()});
}

void Exploration::book(Failure::Kind kind, std::string what, const Chooser& chooser) {
  if (options_.stop_at_failure) {
    stopped_ = true;
    stopped_by_ = "at the first failure";
  }
  stop_if_found({nullptr, kind, what});
  for (Failure& failure : result_.failures) {
    if (failure.kind == kind && failure.what == what) {
      ++failure.count;
      return;
    }
  }
  result_.failures.push_back({kind, std::move(what), 1, chooser.schedule()});
}

void Exploration::stop_if_found(const Finding& finding) {
  if (!options_.stop_at || !options_.stop_at(finding)) return;
  stopped_ = true;
  stopped_by_ = "at what was looked for";
}

void Exploration::start_over() {
  result_ = {};
  seen_.clear();
  runs_ = 0;
}

double Exploration::seconds() const {
  return std::chrono::duration<double>(Clock::now() - begin_).count();
}

double Exploration::work_seconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

void Exploration::look_at_the_clock() {
  const double now = seconds();
  if (options_.max_seconds && work_seconds() - begin_of_work_ >= *options_.max_seconds) {
    stopped_ = true;
    stopped_by_ = fmt::format("after {:.3g} s", *options_.max_seconds);
  }
  if (options_.progress && now >= reported_ + 1) {
    reported_ = now;
    options_.progress({runs_, result_.steps, result_.states, now});
  }
}

void Exploration::refuse(std::string what) {
  if (!refusal_) refusal_ = Refusal{std::move(what)};
  stopped_ = true;
}

tl::expected<Result, Refusal> Exploration::finish(Coverage coverage) {
  if (refusal_) return tl::unexpected(*refusal_);
  result_.seconds = seconds();
  result_.sites = execution_.sites();
  result_.late_stores = execution_.met_late_store();
  result_.coverage = std::move(coverage);
  if (stopped_) {
    result_.coverage.kind = Coverage::Kind::stopped;
    result_.coverage.runs = runs_;
    result_.coverage.stopped_by = stopped_by_;
  }
  return std::move(result_);
}

}  // namespace lab::explore
