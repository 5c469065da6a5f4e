// Commits of an arena in which threads work: they come to rest at their pause points meanwhile.
// Each moves money between accounts; no commit and no checkout ever sees half of a transfer.
#include <array>
#include <atomic>
#include <cstdio>
#include <numeric>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include <cleave/cleave.h>

using namespace cleave;
using namespace cleave::literals;

namespace {

constexpr int kThreads = 2;
constexpr int kAccounts = 4096;  // of each thread

void transfer(std::span<long> accounts, std::minstd_rand& random) {
  const auto pick = [&] { return random() % accounts.size(); };
  const long amount = static_cast<long>(random() % 100);
  accounts[pick()] -= amount;
  accounts[pick()] += amount;
}

}  // namespace

int main() {
  Pool pool = must(Pool::create(1_GiB));
  Arena arena = must(Arena::create(pool, 16_MiB));
  const std::span<long> all(reinterpret_cast<long*>(arena.data()), kThreads * kAccounts);
  const auto balance = [&] { return std::accumulate(all.begin(), all.end(), 0L); };

  Quiesce quiesce;               // outside the arena: it must not roll back
  std::atomic<bool> more{true};  // and neither must this
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, mine = all.subspan(static_cast<std::size_t>(i) * kAccounts, kAccounts),
                          random = std::minstd_rand(static_cast<unsigned>(i + 1))]() mutable {
      Quiesce::Worker worker(quiesce);
      while (more) {
        transfer(mine, random);
        worker.pause_point();  // nothing is half-done here
      }
    });

  std::vector<Commit> commits;
  for (int i = 0; i < 10; ++i) {
    const auto stopped = quiesce.stop();
    commits.push_back(must(arena.commit()));
  }
  int wrong = 0;
  for (const Commit& commit : commits) {
    const auto stopped = quiesce.stop();
    must(arena.checkout(commit));
    if (balance() != 0) ++wrong;
  }
  more = false;
  threads.clear();
  std::printf("%zu commits among %d busy threads; sums that are wrong: %d\n", commits.size(),
              kThreads, wrong);
  return wrong == 0 ? 0 : 1;
}
