// Scenes in which each fence, wait and second look of sections, copies and pins is needed.
#pragma once

#include "tests/explored/scenes.h"

namespace lab::engine {

using cleave::must;
using cleave::PinAccess;
using explore::Outcome;

// A fork while a thread writes, after so many stores: the entries of an accessor that has a new
// stamp are strong, later ones are light. The fork must be one moment, and stay.
// The thread then stores so often, and may load afterwards.
template <int stores, bool enters, Count then = 1, bool loads = false>
Script fork_of_a_writer() {
  Seen seen = nothing_seen();
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            cleave::Accessor& writer = s.accessor_for(1);
            s.adapter.act_for(2);
            for (int i = 0; i < stores; ++i) must(writer.store<Count>(kA, 1));
            if (enters) must(writer.store<Count>(kAlike, 1));  // kA has to be looked up again
            s.adapter.act_for(0);
          },
          [seen](Stage& s) -> std::vector<Part> {
            return {{"fork",
                     [&s, seen] {
                       s.spaces[1].emplace(must(s.spaces[0]->fork()));
                       (*seen)[0] = get(*s.spaces[1], kA);
                     }},
                    {"store", [&s] {
                       for (Count i = 0; i < then; ++i)
                         must(s.accessors[1]->store<Count>(kA, 2 + i));
                       if (loads) (void)must(s.accessors[1]->load<Count>(kA));
                     }}};
          },
          [seen](Stage& s, Outcome& outcome) -> std::string {
            outcome.note("child", (*seen)[0]);
            return get(*s.spaces[1], kA) == (*seen)[0] ? "" : "a fork changed after it was made";
          }};
}

// Pages go while a thread reads, and another space takes their frames.
inline Script discard_under_a_reader() {
  Seen seen = nothing_seen();
  return {[](Stage& s) {
            open(s);
            s.spaces[1].emplace(must(cleave::Space::create(*s.pool)));
            must(s.spaces[1]->map_at(kA, cleave::kPageSize));
            put(*s.spaces[0], kA, 1);
            cleave::Accessor& reader = s.accessor_for(0);
            s.adapter.act_for(1);
            (void)must(reader.load<Count>(kA));
          },
          [seen](Stage& s) -> std::vector<Part> {
            return {{"load", [&s, seen] { (*seen)[0] = must(s.accessors[0]->load<Count>(kA)); }},
                    {"discard", [&s] {
                       must(s.spaces[0]->discard(kA, cleave::kPageSize));
                       put(*s.spaces[1], kA, kForeign);  // takes the frame that came back last
                     }}};
          },
          [seen](Stage&, Outcome& outcome) -> std::string {
            outcome.note("seen", (*seen)[0]);
            return (*seen)[0] == kForeign ? "a thread read a frame of another space" : "";
          }};
}

// A pool without a frame to spare: what a write has left behind is what the next write takes.
inline Script copies_under_a_reader() {
  Seen seen = nothing_seen();
  return {[](Stage& s) {
            open(s, 3);
            put(*s.spaces[0], kA, 1);
            put(*s.spaces[0], kB, kForeign);
            cleave::Accessor& reader = s.accessor_for(0);
            s.adapter.act_for(1);
            (void)must(reader.load<Count>(kA));
          },
          [seen](Stage& s) -> std::vector<Part> {
            return {{"load", [&s, seen] { (*seen)[0] = must(s.accessors[0]->load<Count>(kA)); }},
                    {"copy", [&s] {
                       for (const Address page : {kA, kB}) {
                         const cleave::Hold shared =
                             must(s.spaces[0]->hold(page, cleave::kPageSize));
                         put(*s.spaces[0], page + 64, 0);
                       }
                     }}};
          },
          [seen](Stage&, Outcome& outcome) -> std::string {
            outcome.note("seen", (*seen)[0]);
            return (*seen)[0] == kForeign ? "a thread read a frame of another page" : "";
          }};
}

// A page is held, and a thread that writes to it copies it under the lock. Another ends the hold
// meanwhile, and adds to the page: that is the space's own again, and a thread without the lock may
// find that out first.
inline Script sibling_that_vanishes() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 0);
            s.holds[0].emplace(must(s.spaces[0]->hold(kA, 1)));
            (void)s.accessor_for(1);
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"write", [&s] { put(*s.spaces[0], kA + 64, 1); }},
                    {"end the hold, add", [&s] {
                       s.holds[0].end();
                       must(s.accessors[1]->fetch_add<Count>(kA, 1));
                     }}};
          },
          [](Stage& s, Outcome&) -> std::string {
            return get(*s.spaces[0], kA) == 1 ? "" : "an addition was lost";
          }};
}

// What is pinned has one owner. The way to the page is owned, since its neighbour was written, and
// the page is not.
inline Script pin_of_a_shared_page() {
  return {[](Stage& s) {
            open(s);
            cleave::Accessor& accessor = s.accessor_for(0);
            s.adapter.act_for(1);
            must(accessor.store<Count>(kA, 1));
            must(accessor.store<Count>(kA + cleave::kPageSize, 1));
            s.spaces[1].emplace(must(s.spaces[0]->fork()));
            must(accessor.store<Count>(kA + cleave::kPageSize, 2));
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"pin", [&s] {
                       s.pins[0].emplace(must(s.accessors[0]->pin(kA, 8, PinAccess::write)));
                       poke(*s.pins[0], kForeign);
                     }}};
          },
          [](Stage& s, Outcome&) -> std::string {
            if (get(*s.spaces[0], kA) != kForeign) return "the owner misses what the device wrote";
            return get(*s.spaces[1], kA) == kForeign ? "a device wrote to a fork" : "";
          }};
}

inline Script fork_of_a_pinned_page() {
  return {[](Stage& s) {
            open(s);
            cleave::Accessor& accessor = s.accessor_for(0);
            s.adapter.act_for(1);
            must(accessor.store<Count>(kA, 1));
            (void)must(s.spaces[0]->fork());  // finds nothing, and remembers that
            must(accessor.store<Count>(kA, 1));
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"pin, fork", [&s] {
                       s.pins[0].emplace(must(s.accessors[0]->pin(kA, 8, PinAccess::write)));
                       s.spaces[1].emplace(must(s.spaces[0]->fork()));
                       poke(*s.pins[0], kForeign);
                     }}};
          },
          [](Stage& s, Outcome&) -> std::string {
            return get(*s.spaces[1], kA) == kForeign ? "a device wrote to a fork" : "";
          }};
}

struct Named {
  const char* name;
  Scripts scripts;
};
inline const Named kStrongWriter{"ForkOfAWriter", &fork_of_a_writer<0, false>};
inline const Named kLightWriter{"ForkOfALightWriter", &fork_of_a_writer<5, false>};
inline const Named kEnteringWriter{"ForkOfAWriterThatEnters", &fork_of_a_writer<1, true>};
inline const Named kRemembering{"ForkOfAWriterThatRemembers", &fork_of_a_writer<1, false>};
inline const Named kTurning{"ForkOfAWriterThatTurnsLight", &fork_of_a_writer<1, false, 3>};
inline const Named kReading{"ForkOfAWriterThatReads", &fork_of_a_writer<0, false, 1, true>};
inline const Named kReader{"DiscardUnderAReader", &discard_under_a_reader};
inline const Named kCopies{"CopiesUnderAReader", &copies_under_a_reader};
inline const Named kSibling{"SiblingThatVanishes", &sibling_that_vanishes};
inline const Named kSharedPage{"PinOfASharedPage", &pin_of_a_shared_page};
inline const Named kPinnedPage{"ForkOfAPinnedPage", &fork_of_a_pinned_page};
inline const std::array kSectionScenes{kStrongWriter, kLightWriter, kEnteringWriter, kRemembering,
                                       kTurning,      kReading,     kReader,         kCopies,
                                       kSibling,      kSharedPage,  kPinnedPage};

}  // namespace lab::engine
