#include "lab/engine/calls.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "lab/engine/calls_scene.h"

namespace lab::engine {
namespace {

bool has(const std::vector<Before>& before, Before one) {
  return std::ranges::find(before, one) != before.end();
}

// All ways to weave the threads' calls together.
void weave(const Calls& calls, Order& order, std::vector<std::size_t>& taken,
           const std::function<void(const Order&)>& visit) {
  bool any = false;
  for (std::size_t t = 0; t < calls.threads.size(); ++t) {
    if (taken[t] == calls.threads[t].size()) continue;
    any = true;
    order.emplace_back(t, taken[t]++);
    weave(calls, order, taken, visit);
    order.pop_back();
    --taken[t];
  }
  if (!any) visit(order);
}

std::set<std::string> ends_of(const explore::Result& result) {
  std::set<std::string> ends;
  for (const explore::Seen& seen : result.outcomes) ends.insert(seen.outcome.text());
  for (const explore::Failure& failure : result.failures) ends.insert("broken: " + failure.what);
  return ends;
}

// Sets of at most so many, in the order of the enum.
std::vector<std::vector<Before>> set_ups(std::size_t most) {
  constexpr std::array kAll{Before::fork, Before::pin, Before::snapshot, Before::warm};
  std::vector<std::vector<Before>> all;
  for (unsigned mask = 0; mask < 1U << kAll.size(); ++mask) {
    std::vector<Before> some;
    for (std::size_t i = 0; i < kAll.size(); ++i)
      if ((mask >> i & 1) != 0) some.push_back(kAll[i]);
    if (some.size() <= most) all.push_back(std::move(some));
  }
  return all;
}

}  // namespace

const char* name(Call call) {
  constexpr std::array kNames{"store",    "load",  "fork", "end of a fork", "fast pin",
                              "slow pin", "unpin", "hold", "unmap",         "protect",
                              "rollback", "evict", "merge"};
  return kNames.at(static_cast<std::size_t>(call));
}

const char* name(Before before) {
  constexpr std::array kNames{"fork", "pin",   "snapshot", "warm",   "backing",
                              "away", "equal", "elder",    "merged", "together"};
  return kNames.at(static_cast<std::size_t>(before));
}

bool Calls::make_sense() const {
  std::size_t ends = 0;
  std::size_t unpins = 0;
  for (const std::vector<Call>& thread : threads) {
    for (const Call call : thread) {
      if (call == Call::end_child && (!has(before, Before::fork) || ++ends > 1)) return false;
      if (call == Call::unpin && (!has(before, Before::pin) || ++unpins > 1)) return false;
      if (call == Call::rollback && !has(before, Before::snapshot)) return false;
    }
  }
  return true;
}

std::string Calls::text() const {
  std::string text;
  for (const Before one : before) text += std::string(text.empty() ? "" : ", ") + name(one);
  text += text.empty() ? "" : "; ";
  for (std::size_t t = 0; t < threads.size(); ++t) {
    text += t == 0 ? "" : " || ";
    for (std::size_t i = 0; i < threads[t].size(); ++i)
      text += std::string(i == 0 ? "" : ", ") + name(threads[t][i]);
  }
  return text;
}

std::vector<Calls> all_programs(std::size_t threads, std::size_t most_before) {
  std::vector<Calls> all;
  for (const std::vector<Before>& before : set_ups(most_before)) {
    std::vector<std::size_t> chosen(threads, 0);
    for (;;) {
      if (std::ranges::is_sorted(chosen)) {
        Calls calls{before, {}};
        for (const std::size_t one : chosen) calls.threads.push_back({kCalls[one]});
        if (calls.make_sense()) all.push_back(std::move(calls));
      }
      std::size_t at = 0;
      while (at < threads && ++chosen[at] == kCalls.size()) chosen[at++] = 0;
      if (at == threads) break;
    }
  }
  return all;
}

std::vector<Calls> all_evictions(std::size_t others, std::size_t most_before) {
  std::vector<Calls> all;
  for (const Calls& calls : all_programs(others, most_before)) {
    for (const Before where : {Before::backing, Before::away}) {
      Calls more = calls;
      more.before.push_back(where);
      more.threads.push_back({Call::evict});
      all.push_back(std::move(more));
    }
  }
  return all;
}

std::vector<Calls> all_mergings(std::size_t others, std::size_t most_before) {
  std::vector<Calls> all;
  for (const Calls& calls : all_programs(others, most_before)) {
    for (const auto& [where, beside] :
         {std::pair{Before::equal, Call::merge}, std::pair{Before::elder, Call::merge},
          std::pair{Before::merged, Call::evict}, std::pair{Before::together, Call::load}}) {
      if (where == Before::together && !calls.before.empty()) continue;  // too many schedules
      Calls more = calls;
      more.before.push_back(where);
      more.threads.push_back({beside});
      all.push_back(std::move(more));
    }
  }
  return all;
}

std::set<std::string> ends_one_by_one(const Calls& calls) {
  std::set<std::string> ends;
  Order order;
  std::vector<std::size_t> taken(calls.threads.size(), 0);
  weave(calls, order, taken, [&](const Order& one) {
    const explore::Factory factory = [&] { return std::make_unique<CallsScene>(calls, &one); };
    if (const auto result = explore::explore(factory, {})) ends.merge(ends_of(*result));
  });
  return ends;
}

Tried search(const Calls& calls, const explore::Options& options) {
  Tried tried;
  const explore::Factory factory = [&] { return std::make_unique<CallsScene>(calls); };
  const auto result = explore::explore(factory, options);
  if (!result) {
    tried.wrong = "refused: " + result.error().what;
    return tried;
  }
  tried.runs = result->traces;
  tried.cut = result->cut;
  tried.steps = result->steps;
  tried.exhaustive = result->coverage.kind == explore::Coverage::Kind::exhaustive;
  tried.stopped = result->coverage.kind == explore::Coverage::Kind::stopped;
  tried.ends = ends_of(*result);
  for (const explore::Failure& failure : result->failures) tried.wrong = failure.what;
  return tried;
}

Tried try_all(const Calls& calls, const explore::Options& options) {
  Tried tried = search(calls, options);
  if (!tried.wrong.empty()) return tried;
  const std::set<std::string> whole = ends_one_by_one(calls);
  for (const std::string& end : tried.ends)
    if (!whole.contains(end)) tried.wrong = end;
  return tried;
}

}  // namespace lab::engine
