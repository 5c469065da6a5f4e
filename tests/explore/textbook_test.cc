// The textbook's tests of C++'s memory orders have the textbook's verdicts.
#include <gtest/gtest.h>

#include "lab/explore/execution/atomic.h"
#include "tests/explore/programs.h"

namespace lab::explore {
namespace {

constexpr Order rlx = Order::relaxed;
constexpr Order acq = Order::acquire;
constexpr Order rel = Order::release;
constexpr Order ar = Order::acq_rel;
constexpr Order sc = Order::seq_cst;

/// Atomics x, y and z, plain data, and registers.
class Text : public Program {
 public:
  using Body = std::function<void(Text&)>;
  explicit Text(const std::vector<Body>& bodies) : bodies_(bodies) {}
  Atomic<int> x{"x"};
  Atomic<int> y{"y"};
  Atomic<int> z{"z"};
  Plain<int> data{"data"};
  std::array<int, 8> r{};

  void start(Threads& threads) override {
    static constexpr const char* kNames[] = {"P0", "P1", "P2", "P3"};
    for (std::size_t i = 0; i < bodies_.size(); ++i) {
      threads.add(kNames[i], [this, i] { bodies_[i](*this); });
    }
  }
  void end(Outcome& outcome) override {
    static constexpr const char* kNames[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};
    for (std::size_t i = 0; i < r.size(); ++i)
      outcome.note(kNames[i], static_cast<std::uint64_t>(r[i]));
    for (const Atomic<int>* v : {&x, &y, &z})
      outcome.note(v->name(), static_cast<std::uint64_t>(v->value()));
  }

 private:
  const std::vector<Body>& bodies_;
};

Factory text(std::vector<Text::Body> bodies) {
  return [bodies = std::move(bodies)] { return std::make_unique<Text>(bodies); };
}

using Values = std::vector<std::pair<const char*, std::uint64_t>>;

bool allows(const Factory& factory, const Values& values, Search search) {
  const auto result =
      explore(factory, {.memory = Memory::ra, .search = search, .max_runs = 100'000});
  EXPECT_TRUE(result) << result.error().what;
  for (const Failure& failure : result->failures) ADD_FAILURE() << failure.what;
  return std::ranges::any_of(result->outcomes, [&](const Seen& seen) {
    return std::ranges::all_of(
        values, [&](const auto& value) { return *seen.outcome.find(value.first) == value.second; });
  });
}

void expect(bool allowed, const Values& values, std::vector<Text::Body> bodies) {
  const Factory factory = text(std::move(bodies));
  for (const Search search : {Search::dpor, Search::naive, Search::states}) {
    EXPECT_EQ(allows(factory, values, search), allowed) << static_cast<int>(search);
  }
}
void allowed(const Values& values, std::vector<Text::Body> bodies) {
  expect(true, values, std::move(bodies));
}
void forbidden(const Values& values, std::vector<Text::Body> bodies) {
  expect(false, values, std::move(bodies));
}

// Two threads that store and then load what the other stores.
std::vector<Text::Body> store_buffering(
    Order store, Order load, const std::function<void()>& left = [] {},
    const std::function<void()>& right = [] {}) {
  return {[=](Text& t) { t.x.store(1, store), left(), t.r[0] = t.y.load(load); },
          [=](Text& t) { t.y.store(1, store), right(), t.r[1] = t.x.load(load); }};
}
const Values kBothMiss{{"r0", 0}, {"r1", 0}};
void full() { fence("full", sc); }

TEST(Textbook, StoreBuffering) {
  allowed(kBothMiss, store_buffering(rlx, rlx));
  allowed(kBothMiss, store_buffering(rel, acq));
  allowed(kBothMiss, store_buffering(sc, acq));
  allowed(kBothMiss, store_buffering(rel, sc));
  forbidden(kBothMiss, store_buffering(sc, sc));
}
TEST(Textbook, StoreBufferingWithFences) {
  forbidden(kBothMiss, store_buffering(rlx, rlx, full, full));
  allowed(kBothMiss, store_buffering(rlx, rlx, full));
  const auto weaker = [] { fence("acq_rel", ar); };
  allowed(kBothMiss, store_buffering(rel, acq, weaker, weaker));
}
TEST(Textbook, StoreBufferingWithAFenceOfAllThreads) {
  const auto heavy = [] { heavy_fence("heavy"); };
  forbidden(kBothMiss, store_buffering(rlx, rlx, heavy));
  forbidden(kBothMiss, store_buffering(rlx, rlx, heavy, full));
}
TEST(Textbook, StoreBufferingWithUpdates) {
  const auto update = [](Order order) {
    return std::vector<Text::Body>{
        [=](Text& t) { (void)t.x.exchange(1, order), t.r[0] = t.y.load(order); },
        [=](Text& t) { (void)t.y.exchange(1, order), t.r[1] = t.x.load(order); }};
  };
  allowed(kBothMiss, {[](Text& t) { (void)t.x.exchange(1, ar), t.r[0] = t.y.load(acq); },
                      [](Text& t) { (void)t.y.exchange(1, ar), t.r[1] = t.x.load(acq); }});
  forbidden(kBothMiss, update(sc));
}

// Updates of one location that nobody else uses order as fences do.
TEST(Textbook, UpdatesOfACommonLocationAreLikeFences) {
  const auto bodies = [](Order order) {
    return std::vector<Text::Body>{[=](Text& t) {
                                     t.x.store(1, rlx), (void)t.z.fetch_add(1, order);
                                     t.r[0] = t.y.load(rlx);
                                   },
                                   [=](Text& t) {
                                     t.y.store(1, rlx), (void)t.z.fetch_add(1, order);
                                     t.r[1] = t.x.load(rlx);
                                   }};
  };
  forbidden(kBothMiss, bodies(ar));
  allowed(kBothMiss, bodies(rel));
}

std::vector<Text::Body> message_passing(Order store, Order load) {
  return {[=](Text& t) { t.x.store(1, rlx), t.y.store(1, store); },
          [=](Text& t) { t.r[0] = t.y.load(load), t.r[1] = t.x.load(rlx); }};
}
const Values kStale{{"r0", 1}, {"r1", 0}};

TEST(Textbook, MessagePassing) {
  allowed(kStale, message_passing(rlx, rlx));
  allowed(kStale, message_passing(rel, rlx));
  allowed(kStale, message_passing(rlx, acq));
  forbidden(kStale, message_passing(rel, acq));
  forbidden(kStale, message_passing(sc, sc));
}
TEST(Textbook, MessagePassingWithFences) {
  const auto bodies = [](Order left, Order right) {
    return std::vector<Text::Body>{
        [=](Text& t) { t.x.store(1, rlx), fence("left", left), t.y.store(1, rlx); },
        [=](Text& t) { t.r[0] = t.y.load(rlx), fence("right", right), t.r[1] = t.x.load(rlx); }};
  };
  forbidden(kStale, bodies(rel, acq));
  forbidden(kStale, bodies(sc, sc));
  allowed(kStale, bodies(acq, acq));
  allowed(kStale, bodies(rel, rel));
}
TEST(Textbook, MessagePassingFromAFenceToAnAcquiringLoad) {
  forbidden(kStale, {[](Text& t) { t.x.store(1, rlx), fence("left", rel), t.y.store(1, rlx); },
                     [](Text& t) { t.r[0] = t.y.load(acq), t.r[1] = t.x.load(rlx); }});
}

TEST(Textbook, LoadBufferingIsNotThere) {
  forbidden({{"r0", 1}, {"r1", 1}}, {[](Text& t) { t.r[0] = t.x.load(rlx), t.y.store(1, rlx); },
                                     [](Text& t) { t.r[1] = t.y.load(rlx), t.x.store(1, rlx); }});
}

std::vector<Text::Body> two_readers(
    Order store, Order load, const std::function<void()>& between = [] {}) {
  return {[=](Text& t) { t.x.store(1, store); }, [=](Text& t) { t.y.store(1, store); },
          [=](Text& t) { t.r[0] = t.x.load(load), between(), t.r[1] = t.y.load(load); },
          [=](Text& t) { t.r[2] = t.y.load(load), between(), t.r[3] = t.x.load(load); }};
}
const Values kReadersDiffer{{"r0", 1}, {"r1", 0}, {"r2", 1}, {"r3", 0}};

TEST(Textbook, IndependentReadsOfIndependentWrites) {
  allowed(kReadersDiffer, two_readers(rlx, rlx));
  allowed(kReadersDiffer, two_readers(rel, acq));
  forbidden(kReadersDiffer, two_readers(sc, sc));
  forbidden(kReadersDiffer, two_readers(rlx, rlx, full));
}

TEST(Textbook, WriteToReadCausality) {
  const auto bodies = [](Order store, Order load) {
    return std::vector<Text::Body>{
        [=](Text& t) { t.x.store(1, rlx); },
        [=](Text& t) { t.r[0] = t.x.load(load), t.y.store(1, store); },
        [=](Text& t) { t.r[1] = t.y.load(load), t.r[2] = t.x.load(rlx); }};
  };
  const Values stale{{"r0", 1}, {"r1", 1}, {"r2", 0}};
  allowed(stale, bodies(rlx, rlx));
  forbidden(stale, bodies(rel, acq));
}
TEST(Textbook, Isa2) {
  const auto bodies = [](Order store, Order load) {
    return std::vector<Text::Body>{
        [=](Text& t) { t.x.store(1, rlx), t.y.store(1, store); },
        [=](Text& t) { t.r[0] = t.y.load(load), t.z.store(1, store); },
        [=](Text& t) { t.r[1] = t.z.load(load), t.r[2] = t.x.load(rlx); }};
  };
  const Values stale{{"r0", 1}, {"r1", 1}, {"r2", 0}};
  allowed(stale, bodies(rlx, rlx));
  forbidden(stale, bodies(rel, acq));
}

std::vector<Text::Body> two_plus_two(
    Order order, const std::function<void()>& between = [] {}) {
  return {[=](Text& t) { t.x.store(1, order), between(), t.y.store(2, order); },
          [=](Text& t) { t.y.store(1, order), between(), t.x.store(2, order); }};
}
TEST(Textbook, TwoPlusTwoWrites) {
  const Values first{{"x", 1}, {"y", 1}};
  allowed(first, two_plus_two(rlx));
  allowed(first, two_plus_two(rel));
  forbidden(first, two_plus_two(sc));
  forbidden(first, two_plus_two(rlx, full));
}
TEST(Textbook, R) {
  const auto bodies = [](Order order, const std::function<void()>& between) {
    return std::vector<Text::Body>{
        [=](Text& t) { t.x.store(1, order), between(), t.y.store(1, order); },
        [=](Text& t) {
          t.y.store(2, order), between();
          t.r[0] = t.x.load(order == rel ? acq : order);
        }};
  };
  const Values seen{{"y", 2}, {"r0", 0}};
  const auto nothing = [] {};
  allowed(seen, bodies(rlx, nothing));
  allowed(seen, bodies(rel, nothing));
  forbidden(seen, bodies(sc, nothing));
  forbidden(seen, bodies(rlx, full));
}
TEST(Textbook, S) {
  const auto bodies = [](Order store, Order load) {
    return std::vector<Text::Body>{[=](Text& t) { t.x.store(2, rlx), t.y.store(1, store); },
                                   [=](Text& t) { t.r[0] = t.y.load(load), t.x.store(1, rlx); }};
  };
  const Values seen{{"x", 2}, {"r0", 1}};
  allowed(seen, bodies(rlx, rlx));
  forbidden(seen, bodies(rel, acq));
}

TEST(Textbook, ReadsOfOneLocationAreCoherent) {
  forbidden({{"r0", 1}, {"r1", 0}},
            {[](Text& t) { t.x.store(1, rlx); },
             [](Text& t) { t.r[0] = t.x.load(rlx), t.r[1] = t.x.load(rlx); }});
  forbidden({{"r0", 1}, {"r1", 2}, {"r2", 2}, {"r3", 1}},
            {[](Text& t) { t.x.store(1, rlx); }, [](Text& t) { t.x.store(2, rlx); },
             [](Text& t) { t.r[0] = t.x.load(rlx), t.r[1] = t.x.load(rlx); },
             [](Text& t) { t.r[2] = t.x.load(rlx), t.r[3] = t.x.load(rlx); }});
}
TEST(Textbook, WritesOfOneThreadAreCoherent) {
  forbidden({{"x", 1}}, {[](Text& t) { t.x.store(1, rlx), t.x.store(2, rlx); }});
}
TEST(Textbook, ReadThenWriteIsCoherent) {
  forbidden({{"r0", 1}}, {[](Text& t) { t.r[0] = t.x.load(rlx), t.x.store(1, rlx); }});
  forbidden({{"r0", 2}, {"x", 2}}, {[](Text& t) { t.r[0] = t.x.load(rlx), t.x.store(1, rlx); },
                                    [](Text& t) { t.x.store(2, rlx); }});
}
TEST(Textbook, WriteThenReadIsCoherent) {
  forbidden({{"r0", 0}}, {[](Text& t) { t.x.store(1, rlx), t.r[0] = t.x.load(rlx); },
                          [](Text& t) { t.x.store(2, rlx); }});
  forbidden({{"r0", 2}, {"x", 1}}, {[](Text& t) { t.x.store(1, rlx), t.r[0] = t.x.load(rlx); },
                                    [](Text& t) { t.x.store(2, rlx); }});
}

TEST(Textbook, AReleaseSequenceGoesOnThroughUpdates) {
  const auto bodies = [](Order head) {
    return std::vector<Text::Body>{[=](Text& t) { t.x.store(1, rlx), t.y.store(1, head); },
                                   [](Text& t) { (void)t.y.fetch_add(1, rlx); },
                                   [](Text& t) { t.r[0] = t.y.load(acq), t.r[1] = t.x.load(rlx); }};
  };
  forbidden({{"r0", 2}, {"r1", 0}}, bodies(rel));
  allowed({{"r0", 2}, {"r1", 0}}, bodies(rlx));
}
TEST(Textbook, AReleaseSequenceEndsAtAStore) {
  allowed(
      {{"r0", 3}, {"r1", 0}},
      {[](Text& t) { t.x.store(1, rlx), t.y.store(1, rel); }, [](Text& t) { t.y.store(3, rlx); },
       [](Text& t) { t.r[0] = t.y.load(acq), t.r[1] = t.x.load(rlx); }});
  // Since C++20 at one of the same thread, too.
  allowed({{"r0", 2}, {"r1", 0}},
          {[](Text& t) { t.x.store(1, rlx), t.y.store(1, rel), t.y.store(2, rlx); },
           [](Text& t) { t.r[0] = t.y.load(acq), t.r[1] = t.x.load(rlx); }});
}
TEST(Textbook, NoTwoUpdatesReadTheSame) {
  forbidden({{"r0", 0}, {"r1", 0}}, {[](Text& t) { t.r[0] = t.x.fetch_add(1, rlx); },
                                     [](Text& t) { t.r[1] = t.x.fetch_add(1, rlx); }});
  forbidden({{"x", 2}}, {[](Text& t) { (void)t.x.fetch_add(1, rlx); },
                         [](Text& t) { (void)t.x.fetch_add(1, rlx); },
                         [](Text& t) { (void)t.x.fetch_add(1, rlx); }});
}
TEST(Textbook, NothingComesBetweenAnUpdateAndWhatItRead) {
  // The store of 5 comes before both or after both.
  forbidden({{"r0", 0}, {"x", 5}, {"r1", 5}, {"r2", 1}},
            {[](Text& t) { t.r[0] = t.x.fetch_add(1, rlx); }, [](Text& t) { t.x.store(5, rlx); },
             [](Text& t) { t.r[1] = t.x.load(rlx), t.r[2] = t.x.load(rlx); }});
}
TEST(Textbook, AFailedCompareExchangeMayReadWhatIsOld) {
  const auto bodies = [](Order order) {
    return std::vector<Text::Body>{[](Text& t) { t.x.store(1, rlx), t.y.store(1, rel); },
                                   [=](Text& t) {
                                     int seen = 5;
                                     (void)t.y.compare_exchange(seen, 7, order);
                                     t.r[0] = seen;
                                     t.r[1] = t.x.load(rlx);
                                   }};
  };
  forbidden(kStale, bodies(ar));
  allowed(kStale, bodies(rel));
  allowed({{"r0", 0}, {"r1", 0}}, bodies(ar));
}

// Of "Repairing Sequential Consistency in C/C++11": allowed, as it is on Power.
TEST(Textbook, Z6U) {
  const auto bodies = [](Order update) {
    return std::vector<Text::Body>{
        [](Text& t) { t.x.store(1, sc), t.y.store(1, rel); },
        [=](Text& t) { t.r[0] = t.y.fetch_add(1, update), t.r[1] = t.y.load(rlx); },
        [](Text& t) { t.y.store(3, sc), t.r[2] = t.x.load(sc); }};
  };
  allowed({{"r0", 1}, {"r1", 3}, {"r2", 0}}, bodies(sc));
}
// Between strong accesses of two locations order counts only if it leaves the first by way of
// another location: what is stored to x after the strong x = 1 is none.
TEST(Textbook, StrongAccessesThatOnlyTheirOwnLocationLinks) {
  const auto bodies = [](bool by_way_of_z) {
    return std::vector<Text::Body>{
        [=](Text& t) { t.x.store(1, sc), (by_way_of_z ? t.z : t.x).store(2, rel); },
        [=](Text& t) {
          t.r[0] = (by_way_of_z ? t.z : t.x).load(acq);
          t.y.store(1, sc);
        },
        [](Text& t) { t.y.store(2, sc), t.r[1] = t.x.load(sc); }};
  };
  const Values seen{{"r0", 2}, {"r1", 0}, {"y", 2}};
  allowed(seen, bodies(false));
  forbidden(seen, bodies(true));
}
// The same at the other end: what is read of y before the strong access of y.
TEST(Textbook, StrongAccessesThatAreLinkedAtTheirOwnLocationAlone) {
  const auto bodies = [](bool by_way_of_z) {
    return std::vector<Text::Body>{
        [=](Text& t) { t.x.store(1, sc), (by_way_of_z ? t.z : t.y).store(3, rel); },
        [=](Text& t) {
          t.r[0] = (by_way_of_z ? t.z : t.y).load(acq);
          t.y.store(1, sc);
        },
        [](Text& t) { t.y.store(2, sc), t.r[1] = t.x.load(sc); }};
  };
  const Values seen{{"r0", 3}, {"r1", 0}, {"y", 2}};
  allowed(seen, bodies(false));
  forbidden(seen, bodies(true));
}
TEST(Textbook, WriteThenReadWriteCausality) {  // W+RWC
  const auto bodies = [](const std::function<void()>& left, const std::function<void()>& right) {
    return std::vector<Text::Body>{
        [=](Text& t) { t.x.store(1, rlx), left(), t.y.store(1, rel); },
        [=](Text& t) { t.r[0] = t.y.load(acq), right(), t.r[1] = t.z.load(rlx); },
        [=](Text& t) { t.z.store(1, rlx), full(), t.r[2] = t.x.load(rlx); }};
  };
  const Values seen{{"r0", 1}, {"r1", 0}, {"r2", 0}};
  const auto nothing = [] {};
  allowed(seen, bodies(nothing, nothing));
  forbidden(seen, bodies(full, nothing));
  forbidden(seen, bodies(nothing, full));
  forbidden(seen, {[](Text& t) { t.x.store(1, sc), t.y.store(1, rel); },
                   [](Text& t) { t.r[0] = t.y.load(acq), t.r[1] = t.z.load(sc); },
                   [](Text& t) { t.z.store(1, sc), t.r[2] = t.x.load(sc); }});
}
TEST(Textbook, ReadWriteCausality) {  // RWC
  const auto bodies = [](const std::function<void()>& middle, const std::function<void()>& last) {
    return std::vector<Text::Body>{
        [=](Text& t) { t.x.store(1, rlx); },
        [=](Text& t) { t.r[0] = t.x.load(acq), middle(), t.r[1] = t.y.load(rlx); },
        [=](Text& t) { t.y.store(1, rlx), last(), t.r[2] = t.x.load(rlx); }};
  };
  const Values seen{{"r0", 1}, {"r1", 0}, {"r2", 0}};
  const auto nothing = [] {};
  allowed(seen, bodies(nothing, full));
  forbidden(seen, bodies(full, full));
}

// Two threads, each of which is inside while it holds both flags.
std::vector<Text::Body> dekker(const std::function<void()>& between) {
  const auto inside = [](Text& t, Atomic<int>& mine, Atomic<int>& other,
                         const std::function<void()>& ordered) {
    mine.store(1, rlx), ordered();
    if (other.load(rlx) == 0) fence("in", acq), t.data.write(1);
  };
  return {[=](Text& t) { inside(t, t.x, t.y, between); },
          [=](Text& t) { inside(t, t.y, t.x, between); }};
}
TEST(Textbook, DekkersPatternNeedsFullFences) {
  const auto failures = [](const std::function<void()>& between) {
    return explore(text(dekker(between)), {.memory = Memory::ra})->failures.size();
  };
  EXPECT_EQ(failures(full), 0u);
  EXPECT_GT(failures([] { fence("weaker", ar); }), 0u);
}

// Who comes second at the turn has to see the other's flag.
std::vector<Text::Body> peterson(Order order, const std::function<void()>& first,
                                 const std::function<void()>& then, bool exchanges) {
  const auto round = [=](Text& t, Atomic<int>& mine, Atomic<int>& other, int turn) {
    mine.store(1, order == sc ? sc : rlx);
    first();
    if (exchanges) {
      (void)t.z.exchange(turn, order);
    } else {
      t.z.store(turn, order);
    }
    then();
    const Order load = order == sc ? sc : acq;
    if (other.load(load) == 0 || t.z.load(load) != turn) {
      t.data.write(turn);
      mine.store(0, rel);
    }
  };
  return {[=](Text& t) { round(t, t.x, t.y, 1); }, [=](Text& t) { round(t, t.y, t.x, 2); }};
}
TEST(Textbook, PetersonsLock) {
  const auto nothing = [] {};
  const auto holds = [](std::vector<Text::Body> bodies) {
    const auto result = explore(text(std::move(bodies)), {.memory = Memory::ra});
    EXPECT_EQ(result->coverage.text(), "exhaustive");
    return result->failures.empty();
  };
  EXPECT_TRUE(holds(peterson(sc, nothing, nothing, false)));
  EXPECT_TRUE(holds(peterson(rel, full, full, false)));
  EXPECT_FALSE(holds(peterson(rel, nothing, nothing, false)));
  EXPECT_FALSE(holds(peterson(rel, nothing, full, false))) << "the turns may go the other way";
  EXPECT_TRUE(holds(peterson(ar, nothing, nothing, true)));
  EXPECT_FALSE(holds(peterson(rel, nothing, nothing, true)));
}

}  // namespace
}  // namespace lab::explore
