// The checks find what is planted, and say what it is.
#include <gmock/gmock.h>

#include "lab/model/fences.h"
#include "lab/model/inspect.h"
#include "tests/model/on_a_machine.h"

namespace lab::model {
namespace {

using testing::HasSubstr;

// One thread that does as it likes to a world.
class Planted : public explore::Program {
 public:
  using Plant = std::function<void(World&)>;
  Planted(const Rules& rules, const model::Setup& setup, Plant plant)
      : world_(rules, setup), plant_(std::move(plant)) {}
  void start(explore::Threads& threads) override {
    threads.add("thread", [&] { step("plants", [&] { plant_(world_); }); });
  }
  void end(explore::Outcome&) override {
    found_ = model::invariant(world_).value_or("");
    leaked_ = model::leak(world_).value_or("");
  }
  static inline std::string found_, leaked_;

 private:
  World world_;
  Plant plant_;
};

std::string found_after(const std::string& rules, const Planted::Plant& plant,
                        const model::Setup& setup = one_page()) {
  const auto result = explore::explore(
      [&] { return std::make_unique<Planted>(rules_of(rules), setup, plant); }, {});
  EXPECT_TRUE(result);
  if (!result->failures.empty()) return result->failures.front().what;
  return Planted::found_;
}

std::string leaked_after(const std::string& rules, const Planted::Plant& plant) {
  EXPECT_EQ(found_after(rules, plant), "");
  return Planted::leaked_;
}

Folio& of_x(World& world) { return world.folio(world.find(0, 0).entry); }

TEST(Invariant, HoldsAtTheStartUnderEveryRuleSet) {
  model::Setup setup = one_page();
  setup.pages = {{.name = "x", .value = 1},
                 {.name = "z", .kind = PageKind::zero},
                 {.name = "f", .kind = PageKind::file, .value = 1},
                 {.name = "s", .kind = PageKind::shared, .value = 1},
                 {.name = "k", .kind = PageKind::ksm, .value = 1},
                 {.name = "l", .kind = PageKind::ksm, .value = 1},
                 {.name = "w", .value = 1, .swapped = true},
                 {.name = "r", .readonly = true, .held = 3},
                 {.name = "u", .unmapped = true},
                 {.name = "h", .pages = 2, .by_pmd = true},
                 {.name = "g", .pages = 2},
                 {.name = "t", .hugetlb = true}};
  for (const std::string& rules : names_of_rule_sets()) {
    EXPECT_EQ(found_after(
                  rules, [](World&) {}, setup),
              "")
        << rules;
    EXPECT_EQ(Planted::leaked_, "") << rules;
  }
}

TEST(Invariant, FindsAReferenceTooFew) {
  EXPECT_EQ(found_after("A", [](World& w) { of_x(w).refs.add(-1); }),
            "x: refs is 0, but 1 are there");
}

TEST(Invariant, FindsAMapTooMany) {
  EXPECT_EQ(found_after("A", [](World& w) { of_x(w).pages[0].homes.add(w.home(1, 0)); }),
            "x: map is 2, but 1 are there");
}

TEST(Invariant, FindsAPinThatNoReferenceHas) {
  EXPECT_EQ(found_after("cleave", [](World& w) { of_x(w).pins.add(1); }),
            "x: pins is 1, but 0 are there");
}

TEST(Invariant, FindsASwapEntryTooMany) {
  model::Setup setup = one_page();
  setup.pages[0].swapped = true;
  EXPECT_EQ(found_after(
                "A", [](World& w) { w.swap_slot(0).count.add(1); }, setup),
            "slot 0: count is 2, but 1 swap entry is there");
}

TEST(Invariant, FindsAWritableEntryOfAPageThatIsNotMarked) {
  EXPECT_EQ(found_after("E1", [](World& w) { of_x(w).pages[0].exclusive.write(false); }),
            "I1: x is writable and not marked exclusive");
}

TEST(Invariant, IsAskedWhereEntriesAreWritten) {
  const auto plant = [](World& w) {
    of_x(w).pages[0].exclusive.write(false);
    w.change(w.find(0, 0), w.find(0, 0).entry);
  };
  EXPECT_EQ(found_after("E1", plant),
            "I1: a writable entry of an anonymous page that is not marked exclusive");
  EXPECT_EQ(found_after("A", plant), "");
}

TEST(Invariant, FindsAMarkOnAPageThatIsMappedTwice) {
  EXPECT_EQ(found_after("E1",
                        [](World& w) {
                          const Entry entry = w.find(0, 0).entry;
                          w.map(1, 0, entry);
                        }),
            "I3: x is marked exclusive and mapped 2 times");
}

TEST(Invariant, FindsAMarkOnAMergedPage) {
  EXPECT_EQ(found_after("E1", [](World& w) { of_x(w).ksm.write(true); }),
            "I3: x is marked exclusive and merged");
}

TEST(Invariant, FindsASwapEntryOfAMarkedPage) {
  const auto plant = [](World& w) {
    Folio& x = of_x(w);
    Entry swapped;
    swapped.kind = EntryKind::swap;
    w.swap_slot(0).cached.write(static_cast<std::uint16_t>(x.id + 1));
    w.swap_slot(0).count.write(1);
    x.slot.write(1);
    x.refs.add(1);
    w.unmap(0, 0, w.find(0, 0).entry, swapped);
  };
  EXPECT_EQ(found_after("E1", plant), "I4: a swap entry names a page that is marked exclusive");
  EXPECT_EQ(found_after("C1", plant), "");
}

TEST(Invariant, FindsAPinOnAPageThatLostItsMark) {
  const auto plant = [](World& w) {
    Folio& x = of_x(w);
    x.refs.add(1024);
    Reference held;
    held.folio = x.id;
    held.state = ReferenceState::page;
    held.pin = true;
    w.references[0].held.write(held);
    w.mark(w.find(0, 0).entry, false);
    Entry entry = w.find(0, 0).entry;
    entry.writable = false;
    w.change(w.find(0, 0), entry);
  };
  EXPECT_THAT(found_after("E1", plant), HasSubstr("I2: x: unpin: a pinned page lost its mark"));
}

TEST(Invariant, FindsAWritableEntryOfAPageThatIsNotOwned) {
  const auto plant = [](World& w) {
    Reference hold;
    hold.folio = of_x(w).id;
    hold.state = ReferenceState::page;
    w.references[0].held.write(hold);
    of_x(w).refs.add(1);
  };
  EXPECT_EQ(found_after("cleave", plant), "own: x is writable and has 2 references");
  EXPECT_EQ(found_after("E1", plant), "");
}

TEST(Leak, IsACountThatNoHolderHas) {
  EXPECT_EQ(leaked_after("A", [](World& w) { of_x(w).refs.add(2); }),
            "x: 2 references more than are held");
  EXPECT_EQ(leaked_after("A", [](World&) {}), "");
}

TEST(Leak, OfAPageThatNoEntryMapsIsFoundToo) {
  EXPECT_EQ(leaked_after("A",
                         [](World& w) {
                           of_x(w).refs.add(1);
                           w.zap(0, 0);
                         }),
            "page 0.0: 1 reference more than are held");
}

TEST(Unpin, OfAPageThatWasSharedIsReported) {
  // The fork overlooks the pin; the check at its release does not.
  const explore::Result result = play("E1,fork_pinned=none", one_page(), {[](Machine& m) {
                                        m.take(kParent, kX, kPinToWrite, kP);
                                        m.fork(kParent, 1);
                                        m.drop(kP);
                                      }});
  EXPECT_THAT(first_failure(result), HasSubstr("unpin: a pinned page lost its mark"));
}

TEST(Pin, OfAPageThatIsNotMarkedIsReported) {
  const explore::Result result = play("E1,gup_ro=take", one_page(), {[](Machine& m) {
                                        m.fork(kParent, 1);
                                        m.take(kParent, kX, kPinToRead, kP);
                                      }});
  EXPECT_THAT(first_failure(result),
              HasSubstr("I2: a page that is not marked exclusive was pinned"));
}

TEST(Fences, AreListedOnce) {
  for (const Fence& one : fences()) {
    int times = 0;
    for (const Fence& other : fences()) times += one.name == other.name ? 1 : 0;
    EXPECT_EQ(times, 1) << one.name;
    EXPECT_FALSE(one.about.empty()) << one.name;
  }
}

}  // namespace
}  // namespace lab::model
