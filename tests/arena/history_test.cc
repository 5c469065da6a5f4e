// The tree of commits, against one that is written down plainly.
#include "arena/joint/history.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>
#include <cleave/pool.h>
#include <cleave/space.h>

namespace cleave::detail {
namespace {

using namespace literals;

/// A commit and those after it, oldest first.
struct Plain {
  std::uint64_t number;
  std::vector<Plain> after;
};

void write_down(const std::vector<Plain>& commits, unsigned depth, std::string& into) {
  for (const Plain& commit : commits) {
    into += std::string(depth, ' ') + std::to_string(commit.number) + '\n';
    write_down(commit.after, depth + 1, into);
  }
}

/// Adds `number` after `parent`; false: it is not in here.
bool add(std::vector<Plain>& commits, std::uint64_t parent, std::uint64_t number) {
  return std::ranges::any_of(commits, [&](Plain& commit) {
    if (commit.number != parent) return add(commit.after, parent, number);
    commit.after.push_back({number, {}});
    return true;
  });
}

/// Puts those after `number` in its place.
bool drop(std::vector<Plain>& commits, std::uint64_t number) {
  for (auto commit = commits.begin(); commit != commits.end(); ++commit) {
    if (commit->number == number) {
      std::vector<Plain> after = std::move(commit->after);
      commits.insert(commits.erase(commit), after.begin(), after.end());
      return true;
    }
    if (drop(commit->after, number)) return true;
  }
  return false;
}

TEST(Histories, AreTheTreeThatWasMadeWithoutTheCommitsThatWereLetGo) {
  Pool pool = must(Pool::create(1_MiB));
  Space space = must(Space::create(pool));
  const auto history = std::make_shared<History>();
  const auto make = [&](const Commit* parent) {
    return must(history->add(parent, must(space.snapshot()), {}, 0));
  };
  std::mt19937 random(3);
  std::vector<Commit> commits{make(nullptr)};
  std::vector<Plain> plain{{0, {}}};
  for (int step = 0; step < 2000; ++step) {
    const auto any = commits.begin() + static_cast<std::ptrdiff_t>(random() % commits.size());
    if (commits.size() == 1 || (commits.size() < 30 && random() % 2 == 0)) {
      const Commit made = make(&*any);
      ASSERT_TRUE(add(plain, any->number(), made.number()));
      commits.push_back(made);
    } else {
      ASSERT_TRUE(drop(plain, any->number()));
      commits.erase(any);
    }
    std::string expected;
    write_down(plain, 0, expected);
    std::string found;
    must(history->for_each([&](const Commit& commit, unsigned depth) {
      found += std::string(depth, ' ') + std::to_string(commit.number()) + '\n';
    }));
    ASSERT_EQ(found, expected) << "step " << step;
    ASSERT_EQ(history->living(), commits.size());
  }
}

}  // namespace
}  // namespace cleave::detail
