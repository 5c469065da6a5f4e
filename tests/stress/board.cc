#include "tests/stress/board.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/must.h>
#include <cleave/snapshot.h>
#include <cleave/space.h>

#include "tests/support/memory_backing.h"

namespace cleave::detail {
namespace {

constexpr std::uint64_t kBoards = 3;
constexpr std::uint64_t kPagesEach = 3;  // of every thread, on every board
constexpr std::uint64_t kCounterPage = 16;
constexpr std::uint64_t kFirstPage = 17;
constexpr std::uint64_t kRegionsFrom = 100'000;  // threads map and unmap here, each its own range
constexpr std::uint64_t kWords = 16;             // checked words of a page, 256 bytes apart

struct Operations {
  enum Kind {
    write,
    add,
    read,
    fork,
    write_to_fork,
    snapshot,
    rollback,
    diff,
    map,
    protect,
    drop,
    handle,
    no_memory,
    kinds
  };
  static constexpr const char* names[kinds] = {"page writes",
                                               "atomic adds",
                                               "page reads",
                                               "forks",
                                               "writes to forks",
                                               "snapshots",
                                               "rollbacks of forks",
                                               "diffs",
                                               "maps and unmaps",
                                               "protects",
                                               "drops",
                                               "accessors remade",
                                               "no_memory answers"};
  std::array<std::uint64_t, kinds> count{};
};

class Stress {
 public:
  explicit Stress(const StressOptions& options) : options_(options), pool_(make_pool()) {
    for (auto& board : boards_) {
      board.emplace(must(Space::create(pool_)));
      must(board->map_at(address_of(PageNo{kCounterPage}),
                         ByteCount{(1 + kPagesEach * options.threads) * kPageSize}));
    }
  }

  bool run(const char* name, std::chrono::duration<double> time);

 private:
  friend class Player;
  void wrong(const char* text, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    if (failures_.fetch_add(1) < 10) {
      std::printf("WRONG: %s (%llx, %llx, %llx)\n", text, static_cast<unsigned long long>(a),
                  static_cast<unsigned long long>(b), static_cast<unsigned long long>(c));
    }
    stop_ = true;
  }

  Pool make_pool() {
    const ByteCount memory = options_.frames * kPageSize;
    if (options_.away == 0) return must(Pool::create(memory));
    beyond_.most_pages = options_.away;
    return must(Pool::create(memory, std::make_unique<MemoryBacking>(beyond_)));
  }

  StressOptions options_;
  Beyond beyond_;
  Pool pool_;
  std::array<std::optional<Space>, kBoards> boards_;
  std::atomic<bool> stop_{false};
  std::atomic<unsigned> failures_{0};
};

/// One thread, and what it knows.
class Player {
 public:
  Player(Stress& stress, unsigned self)
      : stress_(stress), self_(self), random_(stress.options_.seed * 1000 + self) {
    for (std::size_t b = 0; b < kBoards; ++b) accessors_[b].emplace(must(board(b).accessor()));
  }

  void play() {
    while (!stress_.stop_.load(std::memory_order_relaxed)) step();
    kept_.clear();
  }

  [[nodiscard]] const Operations& operations() const { return operations_; }
  [[nodiscard]] std::uint64_t added(std::size_t b) const { return known_[b].added; }

 private:
  using Word = std::uint64_t;
  // thread (8 bits), place (16 bits), number (40 bits). Zero: never written.
  static constexpr Word proof(unsigned thread, std::uint64_t page, std::uint64_t word,
                              std::uint64_t number) {
    return Word{thread + 1} << 56 | (page * kWords + word) << 40 | number;
  }
  static constexpr std::uint64_t number_in(Word w) { return w & ((Word{1} << 40) - 1); }

  // What this thread has written to its own pages of a board.
  struct Known {
    std::array<std::array<Word, kWords>, kPagesEach> words{};
    std::uint64_t added = 0;
  };
  struct Kept {
    std::size_t board;
    Known then;
    std::optional<Space> fork;
    std::optional<Snapshot> snapshot;
  };

  Space& board(std::size_t b) { return *stress_.boards_[b]; }
  std::uint64_t page(unsigned thread, std::uint64_t i) const {
    return kFirstPage + thread * kPagesEach + i;
  }
  static Address word_at(std::uint64_t page, std::uint64_t word) {
    return address_of(PageNo{page}) + word * (kPageSize / kWords);
  }
  std::uint64_t chance(std::uint64_t n) { return random_() % n; }
  void did(Operations::Kind kind) { ++operations_.count[kind]; }

  // no_memory is an answer like others here; anything else is wrong.
  template <class T>
  bool done(const Result<T>& result, const char* what) {
    if (result) return true;
    if (result.error().code == Errc::no_memory) {
      did(Operations::no_memory);
    } else {
      std::printf("%s: %s\n", what, result.error().message().c_str());
      stress_.wrong(what, static_cast<std::uint64_t>(result.error().code),
                    raw(result.error().where), self_);
    }
    return false;
  }

  void step() {
    const std::size_t b = chance(kBoards);
    switch (chance(32)) {
      default:
        return write(b);
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return add(b);
      case 5:
      case 6:
      case 7:
      case 8:
        return read_others(b);
      case 9:
      case 10:
        return check_own(b);
      case 11:
      case 12:
        return fork(b);
      case 13:
      case 14:
      case 15:
        return use_kept();
      case 16:
        return snapshot(b);
      case 17:
      case 18:
        return change_regions(b);
      case 19:
        return remake_accessor(b);
      case 20:
      case 21:
        return drop();
    }
  }

  void write(std::size_t b) {
    const auto i = chance(kPagesEach);
    for (std::uint64_t w = 0; w < kWords; ++w) {
      const Word value = proof(self_, i, w, number_in(known_[b].words[i][w]) + 1);
      const auto stored = accessors_[b]->store<Word>(word_at(page(self_, i), w), value);
      // A page is written whole or, when its first store finds no frame, not at all; later ones may
      // find that another thread forked in between.
      if (!done(stored, "store")) return;
      known_[b].words[i][w] = value;
    }
    did(Operations::write);
  }

  void add(std::size_t b) {
    const Address own = address_of(PageNo{kCounterPage}) + std::uint64_t{8} * (self_ + 1);
    if (!done(accessors_[b]->fetch_add<Word>(own, 1), "fetch_add")) return;
    ++known_[b].added;
    while (!stress_.stop_ &&
           !done(accessors_[b]->fetch_add<Word>(address_of(PageNo{kCounterPage}), 1), "fetch_add"))
      drop();
    did(Operations::add);
  }

  void check_word(Word seen, unsigned thread, std::uint64_t i, std::uint64_t w) {
    if (seen != 0 && seen != proof(thread, i, w, number_in(seen)))
      stress_.wrong("a word that no thread wrote there", seen, thread, i * kWords + w);
  }

  void read_others(std::size_t b) {
    const auto thread = static_cast<unsigned>(chance(stress_.options_.threads));
    const auto i = chance(kPagesEach);
    auto& last = seen_[b][thread % 64][i];
    for (std::uint64_t w = 0; w < kWords; ++w) {
      const auto word = accessors_[b]->load<Word>(word_at(page(thread, i), w));
      if (!done(word, "load")) return;
      check_word(*word, thread, i, w);
      if (number_in(*word) < last[w])
        stress_.wrong("a word went back in time", *word, last[w], thread);
      last[w] = number_in(*word);
    }
    did(Operations::read);
  }

  template <class Load>
  void check_known(const Known& known, Load load) {
    for (std::uint64_t i = 0; i < kPagesEach; ++i) {
      for (std::uint64_t w = 0; w < kWords; ++w) {
        const Word seen = load(word_at(page(self_, i), w));
        if (seen != known.words[i][w])
          stress_.wrong("not what I wrote", seen, known.words[i][w], i * kWords + w);
      }
    }
    const Word seen = load(address_of(PageNo{kCounterPage}) + std::uint64_t{8} * (self_ + 1));
    if (seen != known.added)
      stress_.wrong("an addition of mine is lost, or one is too many", seen, known.added, self_);
  }

  void check_own(std::size_t b) {
    check_known(known_[b], [&](Address at) { return must(accessors_[b]->load<Word>(at)); });
    did(Operations::read);
  }

  // A moment: each thread's own counts and the common one, and each page's numbers, fit together.
  template <class Load>
  void check_moment(Load load) {
    Word own = 0;
    for (unsigned t = 0; t < stress_.options_.threads; ++t)
      own += load(address_of(PageNo{kCounterPage}) + std::uint64_t{8} * (t + 1));
    const Word common = load(address_of(PageNo{kCounterPage}));
    if (common > own || own > common + stress_.options_.threads)
      stress_.wrong("additions of different moments", own, common, 0);
    const auto t = static_cast<unsigned>(chance(stress_.options_.threads));
    const auto i = chance(kPagesEach);
    for (std::uint64_t w = 0; w < kWords; ++w) check_word(load(word_at(page(t, i), w)), t, i, w);
  }

  void fork(std::size_t b) {
    auto child = board(b).fork();
    if (!done(child, "fork")) return;
    kept_.push_back({b, known_[b], std::move(*child), {}});
    check_moment([&](Address at) { return load(*kept_.back().fork, at); });
    did(Operations::fork);
    if (kept_.size() > 6) drop();
  }

  void snapshot(std::size_t b) {
    auto now = board(b).snapshot();
    if (!done(now, "snapshot")) return;
    kept_.push_back({b, known_[b], {}, std::move(*now)});
    check_moment([&](Address at) { return load(*kept_.back().snapshot, at); });
    did(Operations::snapshot);
    if (kept_.size() > 6) drop();
  }

  template <class Source>
  static Word load(const Source& source, Address at) {
    Word word;
    must(source.read(at, std::as_writable_bytes(std::span(&word, 1))));
    return word;
  }

  void use_kept() {
    if (kept_.empty()) return;
    Kept& kept = kept_[chance(kept_.size())];
    if (kept.snapshot) {
      check_known(kept.then, [&](Address at) { return load(*kept.snapshot, at); });
      return compare(kept);
    }
    check_known(kept.then, [&](Address at) { return load(*kept.fork, at); });
    // A fork of my own: everything in it is mine to write.
    const auto i = chance(kPagesEach);
    const auto w = chance(kWords);
    const Word value = proof(self_, i, w, (std::uint64_t{1} << 39) + chance(1000));
    if (chance(4) == 0) {
      for (const Kept& old : kept_) {
        if (!old.snapshot) continue;
        if (!done(kept.fork->rollback(*old.snapshot), "rollback")) return;
        kept.then = old.then;
        kept.board = old.board;
        did(Operations::rollback);
        return;
      }
    }
    if (!done(kept.fork->write(word_at(page(self_, i), w), std::as_bytes(std::span(&value, 1))),
              "write to a fork"))
      return;
    kept.then.words[i][w] = value;
    did(Operations::write_to_fork);
  }

  // What I wrote to since must be among what differs, and nothing else of mine.
  void compare(const Kept& old) {
    auto now = board(old.board).snapshot();
    if (!done(now, "snapshot")) return;
    std::array<bool, kPagesEach> reported{};
    must(diff(*old.snapshot, *now, [&](PageRange range) {
      for (std::uint64_t i = 0; i < kPagesEach; ++i) {
        if (range.first <= PageNo{page(self_, i)} && PageNo{page(self_, i)} < range.end)
          reported[i] = true;
      }
    }));
    for (std::uint64_t i = 0; i < kPagesEach; ++i) {
      if (known_[old.board].words[i] != old.then.words[i] && !reported[i])
        stress_.wrong("a page that I wrote does not differ", i, self_, 0);
    }
    did(Operations::diff);
  }

  void change_regions(std::size_t b) {
    const std::uint64_t first = kRegionsFrom + std::uint64_t{self_} * 16 + chance(4);
    const Address at = address_of(PageNo{first});
    const std::uint64_t pages = 1 + chance(8);
    if (!done(board(b).map_at(at, ByteCount{pages * kPageSize}), "map_at")) return;
    const Word value = proof(self_, 0, 0, chance(1000) + 1);
    if (must(accessors_[b]->load<Word>(at)) != 0)
      stress_.wrong("a fresh page is not zero", first, self_, b);
    if (done(accessors_[b]->store<Word>(at, value), "store to a fresh region")) {
      if (done(board(b).protect(at, ByteCount{kPageSize}, Protection::read), "protect")) {
        if (accessors_[b]->store<Word>(at, 1))
          stress_.wrong("a store to a page that is read-only", first, self_, b);
        did(Operations::protect);
      }
      if (must(accessors_[b]->load<Word>(at)) != value)
        stress_.wrong("not what I wrote to my region", first, self_, b);
    }
    while (!done(board(b).unmap(address_of(PageNo{kRegionsFrom + std::uint64_t{self_} * 16}),
                                ByteCount{16 * kPageSize}),
                 "unmap"))
      drop();
    if (accessors_[b]->load<Word>(at))
      stress_.wrong("a load from what I unmapped", first, self_, b);
    did(Operations::map);
  }

  void remake_accessor(std::size_t b) {
    accessors_[b].reset();
    accessors_[b].emplace(must(board(b).accessor()));
    did(Operations::handle);
  }

  void drop() {
    if (kept_.empty()) return std::this_thread::yield();
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(chance(kept_.size())));
    did(Operations::drop);
  }

  Stress& stress_;
  const unsigned self_;
  std::mt19937_64 random_;
  Operations operations_;
  std::array<std::optional<Accessor>, kBoards> accessors_;
  std::array<Known, kBoards> known_;
  std::array<std::array<std::array<std::array<std::uint64_t, kWords>, kPagesEach>, 64>, kBoards>
      seen_{};
  std::deque<Kept> kept_;
};

bool Stress::run(const char* name, std::chrono::duration<double> time) {
  Operations all;
  std::array<std::uint64_t, kBoards> added{};
  std::vector<std::thread> threads;
  std::mutex adding_up;
  for (unsigned i = 0; i < options_.threads; ++i) {
    threads.emplace_back([&, i] {
      auto player = std::make_unique<Player>(*this, i);
      player->play();
      const std::lock_guard guard(adding_up);
      for (std::size_t k = 0; k < all.count.size(); ++k)
        all.count[k] += player->operations().count[k];
      for (std::size_t b = 0; b < kBoards; ++b) added[b] += player->added(b);
    });
  }
  const auto end = std::chrono::steady_clock::now() + time;
  for (std::uint64_t n = 0; std::chrono::steady_clock::now() < end && !stop_; ++n) {
    (void)pool_.evict((n % options_.frames) * kPageSize);
    std::this_thread::sleep_for(std::chrono::microseconds(options_.away == 0 ? 5000 : 200));
  }
  stop_ = true;
  for (auto& thread : threads) thread.join();

  for (std::size_t b = 0; b < kBoards; ++b) {
    Accessor accessor = must(boards_[b]->accessor());
    std::uint64_t found = 0;
    for (unsigned t = 0; t < options_.threads; ++t)
      found += must(accessor.load<std::uint64_t>(address_of(PageNo{kCounterPage}) +
                                                 std::uint64_t{8} * (t + 1)));
    if (found != added[b]) wrong("additions are missing at the end", found, added[b], b);
  }
  for (auto& board : boards_) board.reset();
  const PoolStatistics s = pool_.statistics();
  if (s.used + s.away + beyond_.held() + s.nodes + s.regions + s.spaces + s.accessors != 0)
    wrong("something is left in the pool", s.used, s.nodes, s.regions);
  if (s.used + s.free + s.ready + s.returned + s.untouched != s.budget)
    wrong("frames do not add up", s.used, s.free, s.budget);

  std::printf("%s:\n", name);
  for (std::size_t k = 0; k < all.count.size(); ++k) {
    std::printf("  %12llu %s\n", static_cast<unsigned long long>(all.count[k]),
                Operations::names[k]);
  }
  std::printf("  %12llu pages copied\n", static_cast<unsigned long long>(s.copies));
  if (options_.away != 0) {
    std::printf("  %12llu pages went, %llu came back\n", static_cast<unsigned long long>(s.went),
                static_cast<unsigned long long>(s.came));
  }
  return failures_ == 0;
}

}  // namespace

bool stress(const char* name, const StressOptions& options, std::chrono::duration<double> time) {
  return Stress(options).run(name, time);
}

}  // namespace cleave::detail
