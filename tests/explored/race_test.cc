// Two uses of what is not atomic, and nothing that orders them: a data race, told with its lines.
#include <gmock/gmock.h>

#include "base/plain.h"
#include "sync/memory.h"
#include "sync/mutex.h"
#include "tests/explored/handle_scenes.h"

namespace lab::engine {
namespace {

using explore::Memory;
using testing::AllOf;
using testing::HasSubstr;

// What two threads share, in the run's own memory.
struct Shared {
  sync::mutex lock;
  cleave::detail::plain<Count> field{0};
  sync::atomic<Count> flag{0};
};
using Body = void (*)(Shared&);

Script two_threads(Body left, Body right) {
  const auto shared = std::make_shared<Shared*>(nullptr);
  return {[shared](Stage& s) {
            open(s);
            *shared = sync::make<Shared>();
          },
          [=](Stage&) -> std::vector<Part> {
            return {{"left", [=] { left(**shared); }}, {"right", [=] { right(**shared); }}};
          },
          [shared](Stage&, Outcome&) -> std::string {
            sync::destroy(*shared);
            return "";
          }};
}

explore::Result race_of(Body left, Body right) {
  explore::Options options;
  options.memory = Memory::ra;
  const auto result = explore::explore(
      [=] { return std::make_unique<Scripted>(two_threads(left, right), Machine{}); }, options);
  if (result) return *result;
  ADD_FAILURE() << result.error().what;
  return {};
}

void adds_under_the_lock(Shared& shared) {
  const sync::Guard guard(shared.lock);
  shared.field.set(shared.field.get() + 1);
}

TEST(EngineRaces, OfAFieldThatOneThreadUsesWithoutTheLockAreFound) {
  const explore::Result result =
      race_of(adds_under_the_lock, [](Shared& shared) { (void)shared.field.get(); });
  EXPECT_THAT(first_failure(result),
              AllOf(HasSubstr("data race on a field: left at \"tests/explored/race_test.cc@"),
                    HasSubstr("and right at \"tests/explored/race_test.cc@")));
}

TEST(EngineRaces, OfAFieldThatAllUseUnderTheLockAreNone) {
  const explore::Result result = race_of(adds_under_the_lock, adds_under_the_lock);
  EXPECT_EQ(first_failure(result), "");
}

TEST(EngineRaces, OfAFieldThatAFlagHandsOverAreNone) {
  const auto give = [](Shared& shared) {
    shared.field.set(1);
    shared.flag.store(1, sync::release);
  };
  const auto give_too_early = [](Shared& shared) {
    shared.field.set(1);
    shared.flag.store(1, sync::relaxed);
  };
  const auto take = [](Shared& shared) {
    if (shared.flag.load(sync::acquire) == 1) (void)shared.field.get();
  };
  EXPECT_EQ(first_failure(race_of(give, take)), "");
  EXPECT_THAT(first_failure(race_of(give_too_early, take)), HasSubstr("data race on a field"));
}

TEST(EngineRaces, OfAnAtomicThatIsNotPublishedAreFound) {
  const auto make = [](Shared& shared) {
    auto* made = sync::make<sync::atomic<Count>>(7U);
    shared.flag.store(reinterpret_cast<Count>(made), sync::relaxed);
  };
  const auto use = [](Shared& shared) {
    if (const Count made = shared.flag.load(sync::acquire))
      (void)reinterpret_cast<sync::atomic<Count>*>(made)->load(sync::acquire);
  };
  EXPECT_THAT(first_failure(race_of(make, use)), AllOf(HasSubstr("data race"), HasSubstr("made")));
}

// Bytes that a device moves while a thread stores to the same page's same word; and to another.
template <std::size_t offset>
Script device_beside_a_store() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            s.pins[0].emplace(must(s.spaces[0]->pin(kA, kMany, PinAccess::write)));
            (void)s.accessor_for(1);
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"device", [&s] { fill(*s.pins[0]); }},
                    {"store", [&s] { must(s.accessors[1]->store<Count>(kA + offset, 2)); }}};
          }};
}

TEST(EngineRaces, OfBytesThatADeviceMovesAreFoundWhereTheyMeet) {
  EXPECT_THAT(first_failure(all_orders(&device_beside_a_store<8>, Memory::ra)),
              AllOf(HasSubstr("data race"), HasSubstr("device"), HasSubstr("store")));
  EXPECT_EQ(first_failure(all_orders(&device_beside_a_store<kMany>, Memory::ra)), "");
}

}  // namespace
}  // namespace lab::engine
