#include <algorithm>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/accessor.h>
#include <cleave/detail/atomic.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "sync/mutex.h"
#include "sync/wait.h"
#include "tests/explored/recorder.h"

namespace cleave::detail {
namespace {

using sync::Kind;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace literals;

std::vector<Kind> kinds_in(const Recorder& recorder) {
  std::vector<Kind> kinds;
  for (const auto& line : recorder.lines) kinds.push_back(line.kind);
  return kinds;
}

std::vector<std::string> names_in(const Recorder& recorder) {
  std::vector<std::string> names;
  for (const auto& line : recorder.lines) {
    if (!line.name.empty()) names.push_back(line.name);
  }
  return names;
}

TEST(Announcing, ComesBeforeTheOperation) {
  Recorder recorder;
  sync::atomic<std::uint64_t> value{1};
  std::vector<std::uint64_t> seen_before;
  recorder.before_each = [&](const sync::Operation&) { seen_before.push_back(value.peek()); };
  value.store(2, sync::release);
  value.add(3, sync::relaxed);
  EXPECT_EQ(value.exchange(9, sync::acq_rel), 5u);
  EXPECT_EQ(value.load(sync::acquire), 9u);
  EXPECT_THAT(seen_before, ElementsAre(1, 2, 5, 9));
}

TEST(Announcing, TellsOneKindFromAnother) {
  Recorder recorder;
  sync::atomic<std::uint64_t> value{1};
  (void)value.load(sync::relaxed);
  value.store(2, sync::relaxed);
  (void)value.exchange(3, sync::relaxed);
  std::uint64_t expected = 3;
  (void)value.compare_exchange(expected, 4, sync::relaxed);
  (void)value.fetch_add(1, sync::relaxed);
  value.add(1, sync::relaxed);
  (void)value.fetch_sub(1, sync::relaxed);
  value.sub(1, sync::relaxed);
  EXPECT_THAT(kinds_in(recorder),
              ElementsAre(Kind::load, Kind::store, Kind::exchange, Kind::compare_exchange,
                          Kind::fetch_add, Kind::add, Kind::fetch_add, Kind::add));
  for (const auto& line : recorder.lines) EXPECT_EQ(line.address, recorder.lines[0].address);
}

TEST(Announcing, LooksThatAreNotPartOfTheRunAreSilent) {
  Recorder recorder;
  const sync::atomic<std::uint64_t> value{7};
  EXPECT_EQ(value.peek(), 7u);
  EXPECT_THAT(recorder.lines, IsEmpty());
}

TEST(Announcing, AMutexIsEnabledOnlyWhileNoThreadHoldsIt) {
  Recorder recorder;
  sync::mutex mutex;
  std::vector<bool> enabled;
  recorder.before_each = [&](const sync::Operation& o) {
    if (o.enabled != nullptr)
      enabled.push_back(o.enabled(o.context, sync::bits_at(o.address, o.size)));
  };
  mutex.lock();
  mutex.lock();  // the recorder lets it pass; a real scheduler would not
  mutex.unlock();
  mutex.lock();
  EXPECT_THAT(enabled, ElementsAre(true, false, true));
  EXPECT_THAT(kinds_in(recorder), ElementsAre(Kind::lock, Kind::lock, Kind::unlock, Kind::lock));
}

TEST(Announcing, AWaitIsEnabledWhenItsPredicateHolds) {
  Recorder recorder;
  sync::atomic<std::uint64_t> value{1};
  std::vector<bool> enabled;
  recorder.before_each = [&](const sync::Operation& o) {
    if (o.kind == Kind::wait)
      enabled.push_back(o.enabled(o.context, sync::bits_at(o.address, o.size)));
  };
  (void)sync::wait_until(
      value, [](std::uint64_t v) { return v == 2; }, "test.two");
  value.store(2, sync::release);
  EXPECT_EQ(sync::wait_until(
                value, [](std::uint64_t v) { return v == 2; }, "test.two"),
            2u);
  EXPECT_THAT(enabled, ElementsAre(false, true));
  EXPECT_THAT(names_in(recorder), ElementsAre("test.two", "test.two"));
}

// A little of everything, by one thread; `recorder` plays a second one for a while.
void run_the_engine(Recorder& recorder) {
  Pool pool = must(Pool::create(64 * kPageSize));
  Space space = must(Space::create(pool));
  must(space.map_at(address_of(PageNo{4}), 8 * kPageSize));
  Accessor accessor = must(space.accessor());
  for (std::uint64_t p = 4; p < 9; ++p)
    must(accessor.store<std::uint64_t>(address_of(PageNo{p}), p));
  {
    recorder.who = 1;
    Space child = must(space.fork());
    std::uint64_t value = 99;
    must(child.write(address_of(PageNo{5}), std::as_bytes(std::span(&value, 1))));
    recorder.who = 0;
    must(accessor.store<std::uint64_t>(address_of(PageNo{6}), 66));
    must(child.read(address_of(PageNo{6}), std::as_writable_bytes(std::span(&value, 1))));
    EXPECT_EQ(value, 6u);
    must(child.read(address_of(PageNo{5}), std::as_writable_bytes(std::span(&value, 1))));
    EXPECT_EQ(value, 99u);
  }
  EXPECT_EQ(must(accessor.load<std::uint64_t>(address_of(PageNo{5}))), 5u);
  EXPECT_EQ(must(accessor.load<std::uint64_t>(address_of(PageNo{6}))), 66u);
  must(accessor.store<std::uint64_t>(address_of(PageNo{7}), 77));
  must(space.unmap(address_of(PageNo{5}), kPageSize));
}

TEST(ExploredEngine, WorksWithTwoEntryNodesAndLeavesNothing) {
  Recorder recorder;
  run_the_engine(recorder);
  EXPECT_GT(recorder.lines.size(), 100u);
}

TEST(ExploredEngine, NamesItsFencesAndWaits) {
  Recorder recorder;
  run_the_engine(recorder);
  const auto names = names_in(recorder);
  EXPECT_THAT(names, Contains("section.enter_reading"));
  EXPECT_THAT(names, Contains("section.writer_left"));
}

TEST(ExploredEngine, AnnouncesTheProgramsOwnWords) {
  Recorder recorder;
  Pool pool = must(Pool::create(64 * kPageSize));
  Space space = must(Space::create(pool));
  must(space.map_at(address_of(PageNo{4}), kPageSize));
  Accessor accessor = must(space.accessor());
  must(accessor.store<std::uint64_t>(address_of(PageNo{4}) + 64, 1));
  must(accessor.store<std::uint64_t>(address_of(PageNo{4}) + 72, 2));
  std::vector<Recorder::Line> stores;
  for (const auto& line : recorder.lines) {
    if (line.kind == Kind::memory_store) stores.push_back(line);
  }
  ASSERT_EQ(stores.size(), 2u);
  EXPECT_EQ(static_cast<const std::byte*>(stores[1].address) -
                static_cast<const std::byte*>(stores[0].address),
            8);
  EXPECT_EQ(stores[0].size, 8u);
  EXPECT_EQ(stores[1].argument, 2u);
}

// The fork by "another thread" while the accessor's section has turned light.
std::vector<std::string> skipped_by_a_fork(const std::set<std::string>& left_out) {
  Recorder recorder;
  recorder.left_out = left_out;
  Pool pool = must(Pool::create(64 * kPageSize));
  Space space = must(Space::create(pool));
  must(space.map_at(address_of(PageNo{4}), kPageSize));
  Accessor accessor = must(space.accessor());
  for (int i = 0; i < 10; ++i) must(accessor.store<int>(address_of(PageNo{4}), i));
  recorder.lines.clear();
  recorder.who = 1;
  (void)must(space.fork());
  recorder.who = 0;
  EXPECT_EQ(testing::Matches(Contains("revoke_writers.heavy"))(names_in(recorder)),
            recorder.skipped.empty())
      << "a fence that is left out is not performed";
  return recorder.skipped;
}

TEST(ExploredFences, AreLeftOutByName) {
  EXPECT_THAT(skipped_by_a_fork({}), IsEmpty());
  EXPECT_THAT(skipped_by_a_fork({"something.else"}), IsEmpty());
  EXPECT_THAT(skipped_by_a_fork({"revoke_writers.heavy"}), ElementsAre("revoke_writers.heavy"));
}

}  // namespace
}  // namespace cleave::detail
