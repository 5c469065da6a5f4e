// What the reduced search finds of the engine is what there is: programs of calls are drawn at
// random, and searches that leave nothing out, or only what takes many preemptions, find no more.
#include "tests/explored/random_calls.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lab/explore/search/jobs.h"

namespace lab::engine {
namespace {

using explore::Memory;
using explore::Search;

// What a comparison may cost; programs beyond are passed over.
struct Limits {
  std::uint64_t reduced;  // runs
  std::uint64_t others;
};

/// A program, and the engine that it runs on.
struct Drawn {
  Calls calls;
  Memory memory;
  std::vector<std::string> left_out = {};

  explicit Drawn(std::uint64_t seed)
      : calls(random_calls(seed)), memory(seed % 2 == 0 ? Memory::sc : Memory::tso) {
    constexpr std::array kNames{"enter.stamp",    "section.writer_left", "section.idle",
                                "pin.look_again", "copy.keep_shared",    "section.strong"};
    if (seed % 5 == 4) left_out.emplace_back(kNames.at(seed / 5 % kNames.size()));
  }
  [[nodiscard]] std::string text() const {
    return calls.text() + (memory == Memory::sc ? ", sc" : ", tso") +
           (left_out.empty() ? "" : ", without " + left_out.front());
  }
};

struct Compared {
  bool done = false;
  bool naive = false;   // by all runs
  bool breaks = false;  // as something was left out
  std::uint64_t runs = 0;
  std::string wrong;
};

std::string listed(const std::set<std::string>& ends) {
  std::string text;
  for (const std::string& end : ends) text += "\n  " + end;
  return text;
}

// Each run of a program that has few; else those with ever more preemptions, until they have come
// to each end.
//
// A run ends where something breaks, and what its other threads would have come to is not seen. So
// where a fence or a second look was left out, and that shows, it has to show to both.
Compared compare(const Drawn& drawn, const Limits& limits) {
  Compared compared;
  explore::Options options;
  options.memory = drawn.memory;
  options.drop = drawn.left_out;
  options.check_runs = 3;
  const auto tried = [&](Search search, std::uint32_t bound, std::uint64_t most) {
    options.search = search;
    options.bound = bound;
    options.max_runs = most;
    Tried result = lab::engine::search(drawn.calls, options);
    compared.runs += result.runs + result.cut;
    return result;
  };
  const Tried reduced = tried(Search::dpor, 0, limits.reduced);
  if (reduced.wrong.starts_with("refused")) compared.wrong = reduced.wrong;
  if (!reduced.exhaustive || !compared.wrong.empty()) return compared;
  compared.breaks = !reduced.wrong.empty();
  const auto take = [&](const Tried& other) {
    const bool same = other.ends == reduced.ends;
    const bool fewer = std::ranges::includes(reduced.ends, other.ends);
    compared.done = same || (compared.breaks && !other.wrong.empty());
    if ((!fewer && !compared.breaks) || (other.exhaustive && !compared.done))
      compared.wrong = "the reduced search has" + listed(reduced.ends) + "\nand another has" +
                       listed(other.ends);
  };
  const Tried all = tried(Search::naive, 0, limits.others / 8);
  compared.naive = all.exhaustive;
  take(all);
  if (compared.naive || !compared.wrong.empty()) return compared;
  for (std::uint32_t bound = 1; bound <= 4; ++bound) {
    const Tried some = tried(Search::bound, bound, limits.others);
    take(some);
    if ((compared.done && bound >= 2) || some.stopped || !compared.wrong.empty()) break;
  }
  return compared;
}

// Compares so many programs, from the seed on; each with what it takes to see its ends.
void compare_programs(std::uint64_t seed, std::size_t count, const Limits& limits) {
  std::vector<Compared> all;
  std::size_t done = 0;
  while (done < count) {
    std::vector<Compared> some(std::clamp<std::size_t>(count - done, 8, 64));
    explore::share_out(some.size(), explore::all_processors(),
                       [&](std::size_t i) { some[i] = compare(Drawn(seed + i), limits); });
    for (const Compared& one : some) {
      ASSERT_EQ(one.wrong, "") << "seed " << seed << ": " << Drawn(seed).text();
      done += one.done ? 1 : 0;
      ++seed;
    }
    all.insert(all.end(), some.begin(), some.end());
  }
  std::uint64_t runs = 0;
  for (const Compared& one : all) runs += one.runs;
  fmt::print(
      "explored: {} random programs of calls, {} by all runs and the others by bounded ones; {} "
      "break, as something was left out; {} more were passed over as too long; {} runs\n",
      done, std::ranges::count(all, true, &Compared::naive),
      std::ranges::count(all, true, &Compared::breaks), all.size() - done, runs);
}

TEST(EngineSearches, AgreeOnRandomPrograms) { compare_programs(0, 40, {500, 10'000}); }

// Minutes: `make soak` asks for it.
TEST(EngineSearches, AgreeOnAThousandRandomPrograms) {
  if (std::getenv("CLEAVE_SOAK") == nullptr) GTEST_SKIP() << "CLEAVE_SOAK=1 runs it";
  compare_programs(1'000'000, 1000, {2000, 40'000});
}

}  // namespace
}  // namespace lab::engine
