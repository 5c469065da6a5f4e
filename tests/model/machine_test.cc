// What each word does, alone, under every rule-set.
#include <gmock/gmock.h>

#include "tests/model/on_a_machine.h"

namespace lab::model {
namespace {

constexpr PageNo kY = 1;

// Plays under every rule-set, with pages x = 1 and y = 1.
void everywhere(const Played::Body& body,
                const std::function<void(model::Setup&)>& change = nullptr) {
  model::Setup setup = one_page();
  setup.pages.push_back({.name = "y", .value = 1});
  if (change) change(setup);
  for (const std::string& rules : names_of_rule_sets()) {
    SCOPED_TRACE(rules);
    play_alone(rules, setup, body);
  }
}

TEST(Machine, ReadsWhatWasWritten) {
  everywhere([](Machine& m) {
    EXPECT_EQ(m.write(kParent, kX, 5, Half::a), Answer::done);
    EXPECT_EQ(m.write(kParent, kX, 6, Half::b), Answer::done);
    EXPECT_EQ(m.read(kParent, kX, Half::a), 5u);
    EXPECT_EQ(m.read(kParent, kX, Half::b), 6u);
    EXPECT_EQ(m.read(kParent, kY), 1u);
  });
}

TEST(Machine, GivesEachProcessItsOwnBytesAfterAFork) {
  everywhere([](Machine& m) {
    EXPECT_EQ(m.fork(kParent, 1), Answer::done);
    m.write(kParent, kX, 2);
    m.write(kChild, kX, 3);
    EXPECT_EQ(m.read(kParent, kX), 2u);
    EXPECT_EQ(m.read(kChild, kX), 3u);
    EXPECT_EQ(between([&] { return m.same(0, kY, 1, kY); }), true);
    EXPECT_EQ(between([&] { return m.same(0, kX, 1, kX); }), false);
  });
}

TEST(Machine, CopiesASharedPageOnceAndReusesTheOther) {
  everywhere([](Machine& m) {
    m.fork(kParent, 1);
    m.write(kParent, kX, 2);
    m.write(kChild, kX, 3);
    EXPECT_EQ(between([&] { return m.copies(kX); }), 1u);
  });
}

TEST(Machine, KillsWhoWritesWhereNoWritingIsAllowed) {
  everywhere([](Machine& m) {
    EXPECT_EQ(m.protect(kParent, kX, Protection::read), Answer::done);
    EXPECT_EQ(m.read(kParent, kX), 1u);
    EXPECT_EQ(m.write(kParent, kX, 2), Answer::killed);
    EXPECT_TRUE(between([&] { return m.killed(0); }));
    EXPECT_EQ(m.read(kParent, kY), std::nullopt) << "the whole process is gone";
  });
}

TEST(Machine, KillsWhoTouchesWhatIsNotMappedOrNotReadable) {
  everywhere([](Machine& m) {
    m.fork(kParent, 1);
    m.unmap(kParent, kX);
    EXPECT_EQ(m.read(kParent, kX), std::nullopt);
    m.protect(kChild, kX, Protection::none);
    EXPECT_EQ(m.read(kChild, kX), std::nullopt);
  });
}

TEST(Machine, ReadsZeroesAfterADiscardAndAFreshMapping) {
  everywhere([](Machine& m) {
    EXPECT_EQ(m.discard(kParent, kX), Answer::done);
    EXPECT_EQ(m.read(kParent, kX), 0u);
    EXPECT_EQ(m.unmap(kParent, {kX, 2}), Answer::done);
    EXPECT_EQ(m.discard(kParent, kX), Answer::failed);
    EXPECT_EQ(m.map(kParent, kX), Answer::done);
    EXPECT_EQ(m.map(kParent, kX), Answer::failed) << "there is a mapping";
    EXPECT_EQ(m.write(kParent, kX, 4), Answer::done);
    EXPECT_EQ(m.read(kParent, kX), 4u);
  });
}

TEST(Machine, ReadsTheFileAgainAfterADiscard) {
  everywhere(
      [](Machine& m) {
        EXPECT_EQ(m.write(kParent, kX, 5), Answer::done);
        EXPECT_EQ(m.read(kParent, kX), 5u);
        m.discard(kParent, kX);
        EXPECT_EQ(m.read(kParent, kX), 1u);
      },
      [](model::Setup& setup) { setup.pages[0].kind = PageKind::file; });
}

TEST(Machine, ShowsWritesToASharedMappingToEveryProcess) {
  everywhere(
      [](Machine& m) {
        m.fork(kParent, 1);
        m.write(kParent, kX, 5);
        EXPECT_EQ(m.read(kChild, kX), 5u);
        EXPECT_EQ(between([&] { return m.copies(kX); }), 0u);
      },
      [](model::Setup& setup) { setup.pages[0].kind = PageKind::shared; });
}

TEST(Machine, LeavesOutAndWipesWhatForksWereToldTo) {
  everywhere([](Machine& m) {
    EXPECT_EQ(m.set_dontfork(kParent, kX, true), Answer::done);
    EXPECT_EQ(m.set_wipeonfork(kParent, kY, true), Answer::done);
    m.fork(kParent, 1);
    EXPECT_EQ(m.read(kChild, kY), 0u);
    EXPECT_EQ(m.read(kChild, kX), std::nullopt);
    EXPECT_EQ(m.read(kParent, kY), 1u);
  });
}

TEST(Machine, DiscardsWhatMayNotBeWrittenUnlessTheRuleSetAsks) {
  for (const std::string& rules : names_of_rule_sets()) {
    SCOPED_TRACE(rules);
    const bool asks = rules == "cleave";
    play_alone(rules, one_page(), [&](Machine& m) {
      m.protect(kParent, kX, Protection::read);
      EXPECT_EQ(m.discard(kParent, kX), asks ? Answer::failed : Answer::done);
      EXPECT_EQ(m.read(kParent, kX), asks ? 1u : 0u);
    });
  }
}

TEST(Machine, FreesEverythingAtExit) {
  everywhere([](Machine& m) {
    m.fork(kParent, 1);
    m.exit(kChild);
    m.await_exit(1);
    EXPECT_EQ(m.read(kChild, kX), std::nullopt);
    m.exit(kParent);
    EXPECT_EQ(between([&] { return m.describe(); }), "");
  });
}

TEST(Machine, KeepsAReferencedPageUntilItIsDropped) {
  everywhere([](Machine& m) {
    EXPECT_EQ(m.take(kParent, kX, kPinToWrite, kP), Answer::done);
    m.unmap(kParent, {kX, 2});
    m.poke(kP, 9);
    EXPECT_EQ(m.peek(kP), 9u);
    EXPECT_NE(between([&] { return m.describe(); }), "");
    m.drop(kP);
    EXPECT_EQ(m.peek(kP), std::nullopt);
    EXPECT_EQ(between([&] { return m.describe(); }), "");
  });
}

TEST(Machine, RefusesReferencesThatTheRegionForbids) {
  everywhere([](Machine& m) {
    m.protect(kParent, kX, Protection::read);
    EXPECT_EQ(m.take(kParent, kX, kGetToWrite, kP), Answer::failed);
    EXPECT_EQ(m.take(kParent, kX, kPinToRead, kP), Answer::done);
    m.unmap(kParent, kY);
    EXPECT_EQ(m.take(kParent, kY, kGetToRead, 1), Answer::failed);
    EXPECT_EQ(m.force(kParent, kX, 7), Answer::done)
        << "force writes to private pages whatever they say";
    EXPECT_EQ(m.read(kParent, kX), 7u);
  });
}

TEST(Machine, RefusesToForceASharedReadonlyMapping) {
  everywhere([](Machine& m) { EXPECT_EQ(m.force(kParent, kX, 7), Answer::failed); },
             [](model::Setup& setup) {
               setup.pages[0].kind = PageKind::shared;
               setup.pages[0].readonly = true;
             });
}

TEST(Machine, BringsPagesBackFromSwap) {
  everywhere(
      [](Machine& m) {
        EXPECT_TRUE(between([&] { return m.swapped(0, kX); }));
        EXPECT_EQ(between([&] { return m.value(0, kX); }), 1u);
        m.write(kParent, kY, 2);
        const Answer out = m.swap_out(kParent, kY);
        EXPECT_EQ(between([&] { return m.swapped(0, kY); }), out == Answer::done);
        EXPECT_EQ(m.swap_off(kParent), Answer::done);
        EXPECT_FALSE(between([&] { return m.swapped(0, kX) || m.swapped(0, kY); }));
        EXPECT_EQ(m.read(kParent, kX), 1u);
        EXPECT_EQ(m.read(kParent, kY), 2u);
      },
      [](model::Setup& setup) { setup.pages[0].swapped = true; });
}

TEST(Machine, MovesContentsToOtherMemoryAndOtherAddresses) {
  everywhere([](Machine& m) {
    EXPECT_EQ(m.migrate(kParent, kX), Answer::done);
    EXPECT_EQ(m.read(kParent, kX), 1u);
    EXPECT_EQ(m.write(kParent, kX, 2), Answer::done);
    EXPECT_EQ(m.move(kParent, kX, kY), Answer::done);
    EXPECT_EQ(m.read(kParent, kY), 2u);
    EXPECT_EQ(between([&] { return m.copies(kX); }), 0u);
    EXPECT_EQ(m.read(kParent, kX), std::nullopt);
  });
}

TEST(Machine, MergesEqualPagesOnly) {
  everywhere([](Machine& m) {
    m.write(kParent, kX, 2);
    EXPECT_EQ(m.merge(kParent, kX, 0, kY), Answer::failed);
    m.write(kParent, kX, 1);
    const Answer merged = m.merge(kParent, kX, 0, kY);
    EXPECT_EQ(between([&] { return m.same(0, kX, 0, kY); }), merged == Answer::done);
    EXPECT_EQ(m.unmerge(kParent, {kX, 2}), Answer::done);
    EXPECT_FALSE(between([&] { return m.same(0, kX, 0, kY); }));
  });
}

TEST(Machine, SplitsAndCollapsesHugePages) {
  everywhere(
      [](Machine& m) {
        m.write(kParent, 1, 5);
        EXPECT_EQ(m.split_pmd(kParent, 0), Answer::done);
        EXPECT_EQ(m.split_pmd(kParent, 0), Answer::failed) << "no huge entry is left";
        EXPECT_EQ(m.collapse(kParent, 0), Answer::done);
        EXPECT_EQ(m.split_folio(kParent, 0), Answer::done);
        EXPECT_EQ(m.read(kParent, 0), 1u);
        EXPECT_EQ(m.read(kParent, 1), 5u);
        m.unmap(kParent, {1, 1});
        EXPECT_EQ(m.read(kParent, 0), 1u);
      },
      [](model::Setup& setup) {
        setup.pages = {{.name = "x", .value = 1, .pages = 2, .by_pmd = true}};
      });
}

TEST(Machine, WakesWhoWaitsForWriteProtection) {
  model::Setup setup = one_page();
  for (const std::string& rules : names_of_rule_sets()) {
    const explore::Result result =
        play(rules, setup,
             {[](Machine& m) {
                m.write_protect({0, 0}, kX);
                m.write({0, 0}, kX, 2);
              },
              [](Machine& m) {
                m.serve({0, 1}, kX);
                m.write_unprotect({0, 1}, kX);
              }},
             [](Machine& m, explore::Outcome& out) { out.note("x", *m.value(0, kX)); });
    EXPECT_EQ(first_failure(result), "") << rules;
    EXPECT_TRUE(seen(result, "x", 2)) << rules;
    EXPECT_FALSE(seen(result, "x", 1)) << rules;
  }
}

TEST(Machine, WaitsForEverWhereNoHandlerServes) {
  const explore::Result result = play("E1", one_page(), {[](Machine& m) {
                                        m.write_protect({0, 0}, kX);
                                        m.write({0, 0}, kX, 2);
                                      }});
  ASSERT_EQ(result.failures.size(), 1u);
  EXPECT_EQ(result.failures.front().kind, explore::Failure::Kind::deadlock);
}

// CVE-2022-2590: UFFDIO_CONTINUE maps the page cache read-only and dirty.
TEST(Machine, ForcesNothingIntoThePageCache) {
  model::Setup setup = one_page();
  setup.pages = {
      {.name = "f", .kind = PageKind::file, .value = 1, .readonly = true, .continued = true},
      {.name = "y"}};
  const auto changed = [&](const std::string& rules) {
    return seen(play(rules, setup,
                     {[](Machine& m) {
                        m.force({0, 0}, 0, 77);
                        m.exit({1, 0});  // what the other thread waits for
                      },
                      [](Machine& m) {
                        m.discard({0, 1}, 0);
                        m.read({0, 1}, 0);
                        m.await_exit(1);
                        if (m.discard({0, 1}, 0) == Answer::done)
                          m.write({0, 1}, 1, m.read({0, 1}, 0).value_or(0));
                      }},
                     [](Machine& m, explore::Outcome& out) {
                       out.note("file", m.value(0, 1).value_or(0));
                     }),
                "file", 77);
  };
  for (const std::string rules : {"C1", "E0", "A,force_write=drop_write"})
    EXPECT_TRUE(changed(rules)) << rules;
  for (const std::string rules : {"E1", "F", "cleave"}) EXPECT_FALSE(changed(rules)) << rules;
}

// What a hold shows never changes, and a pin shows what its owner sees.
TEST(Cleave, HoldsAndPinsAreTwoPromises) {
  model::Setup setup = one_page();
  setup.processes = 3;
  play_alone("cleave", setup, [](Machine& m) {
    EXPECT_EQ(m.take(kParent, kX, kGetToRead, 0), Answer::done);
    m.write(kParent, kX, 2);
    EXPECT_EQ(m.peek(0), 1u);
    EXPECT_EQ(m.take(kParent, kX, kPinToRead, 1), Answer::done);
    m.write(kParent, kX, 3);
    EXPECT_EQ(m.peek(1), 3u);
    EXPECT_EQ(m.take(kParent, kX, kGetToRead, 2), Answer::done)
        << "a hold of what is pinned is a copy";
    m.poke(1, 4);
    EXPECT_EQ(m.peek(2), 3u);
    m.fork(kParent, 1);
    EXPECT_FALSE(between([&] { return m.same(0, kX, 1, kX); })) << "a fork copies what is pinned";
    m.drop(1);
    m.fork(kParent, 2);
    EXPECT_TRUE(between([&] { return m.same(0, kX, 2, kX); })) << "and shares it when it is not";
  });
}

TEST(Rules, OfEveryNeighbourCanBePlayed) {
  // No knob alone may make an operation run for ever, or lose count of anything.
  for (const RuleSet& set : rule_sets()) {
    for (const Rules& rules : neighbours(rules_of(std::string(set.name)))) {
      const explore::Result result = play(rules.name, one_page(), {[](Machine& m) {
                                            m.take(kParent, kX, kFastPinToRead, 0);
                                            m.fork(kParent, 1);
                                            m.take(kChild, kX, kPinToRead, 1);
                                            m.write(kParent, kX, 2);
                                            m.swap_out(kChild, kX);
                                            m.write(kChild, kX, 3);
                                            m.migrate(kChild, kX);
                                            m.clear_refs(kParent);
                                            m.exit(kChild);
                                            m.write(kParent, kX, 4);
                                            m.drop(0);
                                            m.drop(1);
                                          }});
      for (const explore::Failure& failure : result.failures) {
        EXPECT_EQ(failure.kind, explore::Failure::Kind::broken)
            << rules.name << ": " << failure.what;
        EXPECT_THAT(failure.what,
                    testing::AnyOf(testing::StartsWith("I"), testing::StartsWith("unpin"),
                                   testing::StartsWith("own")))
            << rules.name;
      }
    }
  }
}

}  // namespace
}  // namespace lab::model
