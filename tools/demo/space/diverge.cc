#include "tools/demo/space/diverge.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <latch>
#include <random>
#include <thread>

#include <cleave/accessor.h>
#include <cleave/must.h>

#include "measure/clock.h"
#include "tools/console/progress.h"

namespace cleave::demo::space {
namespace {

// The longest edit covers parts of three pages, and a fork brings at most ten edits with it.
constexpr std::uint64_t kLongestEdit = 2 * kPageSize;
constexpr std::uint64_t kEditsAfterFork = 6;
constexpr std::uint64_t kEditsAfterEvent = 4;
static_assert((kEditsAfterFork + kEditsAfterEvent) * 3 <= kMostPagesPerFork);

// One thread's work.
class Grower {
 public:
  Grower(Origin& origin, std::uint64_t first_number, std::uint64_t seed)
      : origin_(origin), next_number_(first_number), random_(seed) {}

  Forest grow(std::uint64_t forks, console::Progress& progress) {
    for (std::uint64_t i = 0; i < forks; ++i) {
      Live& branch = fork();
      edit(branch, 1 + below(kEditsAfterFork));
      if (chance(40)) keep_snapshot(branch);
      something_happens();
      progress.step();
    }
    for (Live& branch : live_) put_down(branch);
    return std::move(grown_);
  }

 private:
  // The accessor lives as long as the branch: forks and rollbacks must not leave it with old pages.
  struct Live {
    std::uint64_t number;
    Space space;
    Accessor accessor;
    Moment moment;
    std::vector<Kept> snapshots;
  };

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  Live& any() { return live_[below(live_.size())]; }

  Live& fork() {
    if (!live_.empty() && chance(40)) {
      Live& parent = any();
      if (!parent.snapshots.empty() && chance(50)) {
        const Kept& kept = parent.snapshots[below(parent.snapshots.size())];
        ++grown_.growth.forks_of_snapshots;
        return begin(timed([&] { return kept.snapshot.fork(); }), kept.moment);
      }
      ++grown_.growth.forks_of_branches;
      return begin(timed([&] { return parent.space.fork(); }), parent.moment);
    }
    ++grown_.growth.forks_of_origin;
    return begin(timed([&] { return origin_.space.fork(); }), nullptr);
  }

  template <class Fork>
  Space timed(Fork fork) {
    const measure::Stopwatch forking;
    Result<Space> child = fork();
    grown_.growth.fork_ns.push_back(forking.ns());
    return must(std::move(child));
  }

  Live& begin(Space space, Moment moment) {
    Accessor accessor = must(space.accessor());
    live_.push_back({next_number_++, std::move(space), std::move(accessor), std::move(moment), {}});
    return live_.back();
  }

  void something_happens() {
    const std::size_t chosen = below(live_.size());
    Live& branch = live_[chosen];
    if (chance(15)) {
      throw_away(chosen);
      return;
    }
    if (chance(60)) {
      roll_back(branch);
    } else if (chance(30)) {
      keep_snapshot(branch);
    }
    edit(branch, 1 + below(kEditsAfterEvent));
  }

  void keep_snapshot(Live& branch) {
    branch.snapshots.push_back({branch.number, must(branch.space.snapshot()), branch.moment});
  }

  void roll_back(Live& branch) {
    if (branch.snapshots.empty()) return;
    const Kept& kept = branch.snapshots[below(branch.snapshots.size())];
    must(branch.space.rollback(kept.snapshot));
    branch.moment = kept.moment;
    ++grown_.growth.rollbacks;
  }

  // Its snapshots stay, and so do its children.
  void throw_away(std::size_t chosen) {
    std::ranges::move(live_[chosen].snapshots, std::back_inserter(grown_.snapshots));
    live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(chosen));
    ++grown_.growth.thrown_away;
  }

  // Leaves the branch to whoever checks it. The accessor ends here, on the thread that made it.
  void put_down(Live& branch) {
    const Accessor ends = std::move(branch.accessor);
    std::ranges::move(branch.snapshots, std::back_inserter(grown_.snapshots));
    grown_.branches.push_back({branch.number, std::move(branch.space), std::move(branch.moment)});
  }

  void edit(Live& branch, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
      std::vector<std::byte> bytes(random_size());
      std::ranges::generate(bytes, [this] { return static_cast<std::byte>(random_()); });
      const std::uint64_t offset = random_offset(bytes.size());
      write(branch, origin_.at + offset, bytes);
      ++grown_.growth.edits;
      grown_.growth.bytes_written += bytes.size();
      branch.moment = std::make_shared<const Edit>(Edit{branch.moment, offset, std::move(bytes)});
    }
  }

  // As many of a few bytes as of some KiB.
  std::uint64_t random_size() {
    const std::uint64_t limit = std::uint64_t{1} << below(std::bit_width(kLongestEdit));
    return std::min(1 + below(limit), origin_.size);
  }

  // Anywhere, and every fourth time across the boundary of two pages.
  std::uint64_t random_offset(std::uint64_t size) {
    const std::uint64_t last = origin_.size - size;
    if (size > 1 && origin_.size > kPageSize && chance(25)) {
      const std::uint64_t boundary = (1 + below((origin_.size - 1) / kPageSize)) * kPageSize;
      const std::uint64_t in_front = std::min(boundary, 1 + below(size - 1));
      return std::min(boundary - in_front, last);
    }
    return below(last + 1);
  }

  void write(Live& branch, Address to, std::span<const std::byte> bytes) {
    switch (bytes.size()) {
      case 1:
        return store<std::uint8_t>(branch, to, bytes);
      case 2:
        return store<std::uint16_t>(branch, to, bytes);
      case 4:
        return store<std::uint32_t>(branch, to, bytes);
      case 8:
        return store<std::uint64_t>(branch, to, bytes);
      default:
        break;
    }
    must(chance(50) ? branch.accessor.write(to, bytes) : branch.space.write(to, bytes));
  }

  template <class Word>
  void store(Live& branch, Address to, std::span<const std::byte> bytes) {
    Word word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    must(branch.accessor.store(to, word));
  }

  Origin& origin_;
  std::uint64_t next_number_;
  std::mt19937_64 random_;
  std::vector<Live> live_;
  Forest grown_;
};

void join(Forest& all, Forest&& part) {
  std::ranges::move(part.branches, std::back_inserter(all.branches));
  std::ranges::move(part.snapshots, std::back_inserter(all.snapshots));
  all.growth.forks_of_origin += part.growth.forks_of_origin;
  all.growth.forks_of_branches += part.growth.forks_of_branches;
  all.growth.forks_of_snapshots += part.growth.forks_of_snapshots;
  all.growth.edits += part.growth.edits;
  all.growth.bytes_written += part.growth.bytes_written;
  all.growth.rollbacks += part.growth.rollbacks;
  all.growth.thrown_away += part.growth.thrown_away;
  std::ranges::copy(part.growth.fork_ns, std::back_inserter(all.growth.fork_ns));
}

}  // namespace

Forest diverge(Origin& origin, std::uint64_t forks, unsigned threads, std::uint64_t seed) {
  console::Progress progress("forking and editing", forks);
  std::vector<Forest> parts(threads);
  {
    std::latch start(threads);  // on a fast machine the first would be done before the last begins
    std::vector<std::jthread> running;
    for (unsigned t = 0; t < threads; ++t) {
      const std::uint64_t first = forks * t / threads;
      const std::uint64_t end = forks * (t + 1) / threads;
      running.emplace_back([&, first, end, t] {
        start.arrive_and_wait();
        parts[t] = Grower(origin, first, seed * threads + t).grow(end - first, progress);
      });
    }
  }
  Forest all;
  for (Forest& part : parts) join(all, std::move(part));
  return all;
}

}  // namespace cleave::demo::space
