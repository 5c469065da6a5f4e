// Scenes in which one thread lets go of what another then has: what the first did must have come
// before. What is not atomic shows it: bytes that are moved, fields, memory that is given back.
#pragma once

#include <cstring>

#include <cleave/detail/word.h>

#include "lab/engine/stage/page_of.h"
#include "tests/explored/section_scenes.h"

namespace lab::engine {

constexpr std::size_t kMany = 16;  // more than a word: moved by what is not atomic

/// As a device does, that has no word for an atomic store.
inline void fill(const cleave::Pin& pin) {
  std::array<std::byte, kMany> bytes{};
  std::memset(bytes.data(), 9, kMany);
  auto* const at = static_cast<std::byte*>(pin.pieces()[0].iov_base);
  cleave::detail::sync::write_bytes(at, bytes.data(), kMany);
}

template <class Source>
void read_many(const Source& source, Address at) {
  std::array<std::byte, kMany> bytes{};
  must(source.read(at, bytes));
}

inline void other_space(Stage& s, std::size_t place = 1) {
  s.spaces[place].emplace(must(cleave::Space::create(*s.pool)));
  must(s.spaces[place]->map_at(kA, cleave::kPageSize));
}

// A hold is read and ended; then the page is the space's own, and written in place.
inline Script hold_that_ends() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            s.holds[0].emplace(must(s.spaces[0]->hold(kA, kMany)));
            (void)s.accessor_for(1);
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"read and end",
                     [&s] {
                       read_many(*s.holds[0], kA);
                       s.holds[0].end();
                     }},
                    {"store", [&s] { must(s.accessors[1]->store<Count>(kA, 2)); }}};
          }};
}

// The same where the frame alone was shared, and a device gets it, or another page.
template <bool pin>
Script hold_that_ends_before() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            put(*s.spaces[0], kA + cleave::kPageSize, 1);
            cleave::Accessor& accessor = s.accessor_for(1);
            s.holds[0].emplace(must(s.spaces[0]->hold(kA, kMany)));
            put(*s.spaces[0], kA + cleave::kPageSize, 2);
            s.adapter.act_for(2);
            (void)must(accessor.load<Count>(kA));
            s.adapter.act_for(0);
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"read and end",
                     [&s] {
                       read_many(*s.holds[0], kA);
                       s.holds[0].end();
                     }},
                    {"take", [&s] {
                       if (pin) {
                         s.pins[0].emplace(must(s.accessors[1]->pin(kA, kMany, PinAccess::write)));
                         fill(*s.pins[0]);
                       } else {
                         must(s.spaces[0]->discard(kA, cleave::kPageSize));
                         put(*s.spaces[0], kB, 1);
                       }
                     }}};
          }};
}

// The same where no accessor looks, and the page is overwritten as a whole: in place, or elsewhere.
inline Script hold_that_ends_before_an_overwrite() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            s.holds[0].emplace(must(s.spaces[0]->hold(kA, kMany)));
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"read and end",
                     [&s] {
                       read_many(*s.holds[0], kA);
                       s.holds[0].end();
                     }},
                    {"overwrite", [&s] {
                       const std::vector<std::byte> page(cleave::kPageSize);
                       must(s.spaces[0]->write(kA, page));
                     }}};
          }};
}

// The same of a whole child: the nodes, too, become the space's own.
inline Script child_that_ends() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            (void)s.accessor_for(1);
            s.spaces[1].emplace(must(s.spaces[0]->fork()));
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"read and end",
                     [&s] {
                       read_many(*s.spaces[1], kA);
                       s.spaces[1].end();
                     }},
                    {"store", [&s] { must(s.accessors[1]->store<Count>(kA, 2)); }}};
          }};
}

// Two children share all with each other, and end at once: one of them is the last.
inline Script children_that_end() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            s.spaces[1].emplace(must(s.spaces[0]->fork()));
            s.spaces[0].end();
            s.spaces[0].emplace(must(s.spaces[1]->fork()));
          },
          [](Stage& s) -> std::vector<Part> {
            const auto ends = [&s](std::size_t space) {
              return [&s, space] {
                read_many(*s.spaces[space], kA);
                s.spaces[space].end();
              };
            };
            return {{"left", ends(0)}, {"right", ends(1)}};
          }};
}

// A device fills a page and lets go of it; a fork that finds no pin shares the page, and reads it.
template <PinAccess access>
Script pin_that_ends() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            s.pins[0].emplace(must(s.spaces[0]->pin(kA, kMany, access)));
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"device",
                     [&s] {
                       fill(*s.pins[0]);
                       s.pins[0].end();
                     }},
                    {"fork", [&s] {
                       s.spaces[1].emplace(must(s.spaces[0]->fork()));
                       if (frame_at(*s.spaces[0], cleave::page_of(kA)) ==
                           frame_at(*s.spaces[1], cleave::page_of(kA)))
                         read_many(*s.spaces[1], kA);
                     }}};
          }};
}

// The page is gone, and its pin alone keeps the frame, which another space gets next.
inline Script last_pin_that_ends() {
  return {[](Stage& s) {
            open(s, 3);
            other_space(s);
            put(*s.spaces[0], kB, 1);
            put(*s.spaces[0], kA, 1);
            s.pins[0].emplace(must(s.spaces[0]->pin(kA, kMany, PinAccess::write)));
            must(s.spaces[0]->discard(kA, cleave::kPageSize));
            put(*s.spaces[0], kA, 1);  // no frame is left but the pinned one
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"device",
                     [&s] {
                       fill(*s.pins[0]);
                       s.pins[0].end();
                     }},
                    {"write", [&s] {
                       Count value = 2;
                       (void)s.spaces[1]->write(kA, std::as_bytes(std::span(&value, 1)));
                     }}};
          }};
}

// Two pins of one frame end at once: the last one gives it back.
inline Script pins_that_end() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            for (std::size_t i = 0; i < 2; ++i)
              s.pins[i].emplace(must(s.spaces[0]->pin(kA, kMany, PinAccess::write)));
            must(s.spaces[0]->discard(kA, cleave::kPageSize));
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"one", [&s] { s.pins[0].end(); }}, {"other", [&s] {
                                                           s.pins[1].end();
                                                           put(*s.spaces[0], kA, 2);
                                                         }}};
          }};
}

// Frames go from one space to another through the pool, and none is lost.
template <bool spare>
Script frames_that_change_hands() {
  return {[](Stage& s) {
            open(s, spare ? 3 : 2);
            other_space(s);
            put(*s.spaces[0], kA, 1);
            put(*s.spaces[0], kB, 1);
            if (!spare) return;
            put(*s.spaces[1], kA, 1);
            must(s.spaces[1]->discard(kA, cleave::kPageSize));
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"give",
                     [&s] {
                       read_many(*s.spaces[0], kA);
                       must(s.spaces[0]->discard(kA, 8 * cleave::kPageSize));
                     }},
                    {"take", [&s] {
                       Count value = 2;
                       (void)s.spaces[1]->write(kA, std::as_bytes(std::span(&value, 1)));
                     }}};
          },
          [](Stage& s, Outcome&) -> std::string {
            if (get(*s.spaces[1], kA + 64) != 0) return "a new page is not zeroes";
            must(s.spaces[1]->discard(kA, cleave::kPageSize));
            put(*s.spaces[0], kA, 1);
            put(*s.spaces[0], kB, 1);
            if (spare) put(*s.spaces[1], kA, 1);
            return "";
          }};
}

// A page gets its first frame, and its nodes, while another thread reads there. It lies so high
// that the table has to grow, or beside another.
template <std::uint64_t page>
Script new_page() {
  constexpr Address kNew = cleave::address_of(cleave::PageNo{page});
  Seen seen = nothing_seen();
  return {
      [](Stage& s) {
        s.open(12);
        must(s.spaces[0]->map_at(cleave::address_of(cleave::PageNo{4}), 64 * cleave::kPageSize));
        put(*s.spaces[0], kA, 1);
        for (std::size_t t = 0; t < 2; ++t) (void)s.accessor_for(t);
      },
      [seen](Stage& s) -> std::vector<Part> {
        return {{"store", [&s] { must(s.accessors[0]->store<Count>(kNew, 2)); }},
                {"load", [&s, seen] { (*seen)[0] = must(s.accessors[1]->load<Count>(kNew)); }}};
      },
      [seen](Stage&, Outcome& outcome) -> std::string {
        outcome.note("seen", (*seen)[0]);
        return "";
      }};
}

// Two threads take what was given: the list of free frames is taken apart.
inline Script takers() {
  return {[](Stage& s) {
            open(s);
            other_space(s);
            put(*s.spaces[0], kA, 1);
            put(*s.spaces[0], kB, 1);
            must(s.spaces[0]->discard(kA, cleave::kPageSize));
            must(s.spaces[0]->discard(kB, cleave::kPageSize));
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"left", [&s] { put(*s.spaces[0], kA, 2); }},
                    {"right", [&s] { put(*s.spaces[1], kA, 2); }}};
          }};
}

// Two handles of a snapshot end at once.
inline Script snapshots_that_end() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            s.snapshots[0].emplace(must(s.spaces[0]->snapshot()));
            s.snapshots[1].emplace(cleave::Snapshot(*s.snapshots[0]));
          },
          [](Stage& s) -> std::vector<Part> {
            const auto ends = [&s](std::size_t which) {
              return [&s, which] {
                read_many(*s.snapshots[which], kA);
                s.snapshots[which].end();
              };
            };
            return {{"left", ends(0)}, {"right", ends(1)}};
          }};
}

// A space lives until its last accessor ends.
inline Script space_that_ends() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            (void)s.accessor_for(1);
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"end", [&s] { s.spaces[0].end(); }},
                    {"load and end", [&s] {
                       (void)must(s.accessors[1]->load<Count>(kA));
                       s.accessors[1].end();
                     }}};
          }};
}

// A pool lives until its last handle and the last pin.
inline Script pool_that_ends() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            s.pins[0].emplace(must(s.spaces[0]->pin(kA, kMany, PinAccess::write)));
            s.spaces[0].end();
            s.adapter.watch(nullptr);
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"end", [&s] { s.pool.end(); }}, {"device", [&s] {
                                                        fill(*s.pins[0]);
                                                        s.pins[0].end();
                                                      }}};
          }};
}

// Who hears of a store finds it, whatever it remembers: the page has moved meanwhile.
inline Script news_of_a_store() {
  Seen seen = nothing_seen();
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
            put(*s.spaces[0], kB, 0);
            for (std::size_t t = 0; t < 2; ++t) {
              cleave::Accessor& accessor = s.accessor_for(t);
              s.adapter.act_for(t + 1);
              (void)must(accessor.load<Count>(kA));
              (void)must(accessor.load<Count>(kB));
            }
            s.adapter.act_for(0);
            s.holds[0].emplace(must(s.spaces[0]->hold(kA, 1)));
          },
          [seen](Stage& s) -> std::vector<Part> {
            return {{"tell",
                     [&s] {
                       must(s.accessors[0]->store<Count>(kA, 2));
                       must(s.accessors[0]->store<Count>(kB, 1));
                     }},
                    {"hear", [&s, seen] {
                       (*seen)[0] = must(s.accessors[1]->load<Count>(kB));
                       (*seen)[1] = must(s.accessors[1]->load<Count>(kA));
                     }}};
          },
          [seen](Stage&, Outcome& outcome) -> std::string {
            outcome.note("heard", (*seen)[0]);
            outcome.note("found", (*seen)[1]);
            return (*seen)[0] == 1 && (*seen)[1] != 2 ? "a thread heard of a store and missed it"
                                                      : "";
          }};
}

// An accessor is made, used and ended while another thread forks.
inline Script accessor_that_comes() {
  return {[](Stage& s) {
            open(s);
            put(*s.spaces[0], kA, 1);
          },
          [](Stage& s) -> std::vector<Part> {
            return {{"come",
                     [&s] {
                       s.accessors[0].emplace(must(s.spaces[0]->accessor()));
                       must(s.accessors[0]->store<Count>(kA, 2));
                       s.accessors[0].end();
                     }},
                    {"fork", [&s] { s.spaces[1].emplace(must(s.spaces[0]->fork())); }}};
          },
          [](Stage& s, Outcome& outcome) -> std::string {
            outcome.note("child", get(*s.spaces[1], kA));
            return "";
          }};
}

inline const Named kHandleScenes[] = {
    {"HoldThatEnds", &hold_that_ends},
    {"ChildThatEnds", &child_that_ends},
    {"ChildrenThatEnd", &children_that_end},
    {"WritePinThatEnds", &pin_that_ends<PinAccess::write>},
    {"ReadPinThatEnds", &pin_that_ends<PinAccess::read>},
    {"LastPinThatEnds", &last_pin_that_ends},
    {"PinsThatEnd", &pins_that_end},
    {"FramesThatChangeHands", &frames_that_change_hands<false>},
    {"FramesThatChangeHandsAndOneToSpare", &frames_that_change_hands<true>},
    {"HoldThatEndsBeforeAPin", &hold_that_ends_before<true>},
    {"HoldThatEndsBeforeADiscard", &hold_that_ends_before<false>},
    {"HoldThatEndsBeforeAnOverwrite", &hold_that_ends_before_an_overwrite},
    {"Takers", &takers},
    {"NewPage", &new_page<5>},
    {"NewNode", &new_page<7>},
    {"TreeThatGrows", &new_page<40>},
    {"SnapshotsThatEnd", &snapshots_that_end},
    {"SpaceThatEnds", &space_that_ends},
    {"PoolThatEnds", &pool_that_ends},
    {"NewsOfAStore", &news_of_a_store},
    {"AccessorThatComes", &accessor_that_comes},
};

}  // namespace lab::engine
