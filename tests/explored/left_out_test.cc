// A check that cannot fail is none. So each fence, wait and second look of the engine is left out
// once, and a broken promise must be found; with the whole engine, the same runs must find none.
// All runs are tried in which the two threads change places a few times; nothing is left to chance.
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/accessor.h>
#include <cleave/hold.h>
#include <cleave/must.h>
#include <cleave/pin.h>
#include <cleave/space.h>

#include "tests/explored/switching.h"

namespace cleave::detail {
namespace {

using Count = std::uint64_t;

constexpr Address kA = address_of(PageNo{4});
constexpr Address kB = address_of(PageNo{7});
constexpr Address kAlike = address_of(PageNo{6});  // an accessor remembers it in the place of kA
constexpr Count kForeign = 0xbbbb;

template <class Source>
Count get(const Source& source, Address at) {
  Count value = 0;
  must(source.read(at, std::as_writable_bytes(std::span(&value, 1))));
  return value;
}
void put(Space& space, Address at, Count value) {
  must(space.write(at, std::as_bytes(std::span(&value, 1))));
}

/// Two threads and what they share; made anew for each run.
class Scene {
 public:
  virtual ~Scene() = default;
  [[nodiscard]] virtual std::array<Racer, 2> racers() = 0;
  /// Which promise was broken; empty: none.
  [[nodiscard]] virtual std::string broken() = 0;

 protected:
  explicit Scene(std::uint64_t frames = 12) : pool(must(Pool::create(frames * kPageSize))) {
    must(space.map_at(kA, 8 * kPageSize));
  }

  Pool pool;
  Space space = must(Space::create(pool));
};

/// A fork while a thread writes: the fork must be one moment, and stay.
class ForkOfAWriter : public Scene {
 public:
  /// After so many stores; the first entry of a new accessor is strong, later ones are light.
  explicit ForkOfAWriter(int stores) : stores_(stores) { put(space, kA, 1); }

  std::array<Racer, 2> racers() override {
    return {Racer{[this] {
                    accessor_.emplace(must(space.accessor()));
                    for (int i = 0; i < stores_; ++i) must(accessor_->store<Count>(kA, 1));
                    prepare();
                  },
                  [this] { must(accessor_->store<Count>(kA, 2)); }},
            Racer{[] {},
                  [this] {
                    child_.emplace(must(space.fork()));
                    at_once_ = get(*child_, kA);
                  }}};
  }
  std::string broken() override {
    return get(*child_, kA) == at_once_ ? "" : "a fork changed after it was made";
  }

 protected:
  virtual void prepare() {}
  std::optional<Accessor> accessor_;

 private:
  int stores_;
  std::optional<Space> child_;
  Count at_once_ = 0;
};

/// The writer has to look its page up again, as the fork begins.
class ForkOfAWriterThatEnters : public ForkOfAWriter {
 public:
  ForkOfAWriterThatEnters() : ForkOfAWriter(1) {}

 private:
  void prepare() override { must(accessor_->store<Count>(kAlike, 1)); }
};

/// Pages go while a thread reads, and another space takes their frames.
class DiscardUnderAReader : public Scene {
 public:
  DiscardUnderAReader() {
    must(stranger_.map_at(kA, kPageSize));
    put(space, kA, 1);
  }
  std::array<Racer, 2> racers() override {
    return {Racer{[this] {
                    accessor_.emplace(must(space.accessor()));
                    must(accessor_->load<Count>(kA));
                  },
                  [this] { seen_ = must(accessor_->load<Count>(kA)); }},
            Racer{[] {},
                  [this] {
                    must(space.discard(kA, kPageSize));
                    put(stranger_, kA, kForeign);  // takes the frame that came back last
                  }}};
  }
  std::string broken() override {
    return seen_ == kForeign ? "a thread read a frame of another space" : "";
  }

 private:
  Space stranger_ = must(Space::create(pool));
  std::optional<Accessor> accessor_;
  Count seen_ = 0;
};

/// A pool without a frame to spare: the one that a write has left behind is what the next write
/// takes.
class CopiesUnderAReader : public Scene {
 public:
  CopiesUnderAReader() : Scene(3) {
    put(space, kA, 1);
    put(space, kB, kForeign);
  }
  std::array<Racer, 2> racers() override {
    return {Racer{[this] {
                    accessor_.emplace(must(space.accessor()));
                    must(accessor_->load<Count>(kA));
                  },
                  [this] { seen_ = must(accessor_->load<Count>(kA)); }},
            Racer{[] {},
                  [this] {
                    for (const Address page : {kA, kB}) {
                      const Hold shared = must(space.hold(page, kPageSize));
                      put(space, page + 64, 0);
                    }
                  }}};
  }
  std::string broken() override {
    return seen_ == kForeign ? "a thread read a frame of another page" : "";
  }

 private:
  std::optional<Accessor> accessor_;
  Count seen_ = 0;
};

/// A page is held, and a thread that writes to it copies it under the lock. Another ends the hold
/// meanwhile, and adds to the page: that is the space's own again, and a thread without the lock
/// may find that out first.
class SiblingThatVanishes : public Scene {
 public:
  SiblingThatVanishes() { put(space, kA, 0); }
  std::array<Racer, 2> racers() override {
    return {Racer{[] {}, [this] { put(space, kA + 64, 1); }},
            Racer{[this] {
                    accessor_.emplace(must(space.accessor()));
                    sibling_.emplace(must(space.hold(kA, 1)));
                  },
                  [this] {
                    sibling_.reset();
                    must(accessor_->fetch_add<Count>(kA, 1));
                  }}};
  }
  std::string broken() override { return get(space, kA) == 1 ? "" : "an addition was lost"; }

 private:
  std::optional<Accessor> accessor_;
  std::optional<Hold> sibling_;
};

/// What is pinned has one owner. One thread is enough to see it otherwise.
class PinOfASharedPage : public Scene {
 public:
  std::array<Racer, 2> racers() override {
    return {Racer{[] {}, [this] { pin_one_of_two(); }}, Racer{[] {}, [] {}}};
  }
  std::string broken() override { return broken_; }

 private:
  // The way to the page is owned, since its neighbour was written, and the page is not.
  void pin_one_of_two() {
    Accessor accessor = must(space.accessor());
    must(accessor.store<Count>(kA, 1));
    must(accessor.store<Count>(kA + kPageSize, 1));
    const Space child = must(space.fork());
    must(accessor.store<Count>(kA + kPageSize, 2));
    const Pin pin = must(accessor.pin(kA, 8, PinAccess::write));
    std::memcpy(pin.pieces()[0].iov_base, &kForeign, sizeof kForeign);
    if (get(space, kA) != kForeign) broken_ = "the owner misses what the device wrote";
    if (get(child, kA) == kForeign) broken_ = "a device wrote to a fork";
  }
  std::string broken_;
};

class ForkOfAPinnedPage : public Scene {
 public:
  std::array<Racer, 2> racers() override {
    return {Racer{[] {}, [this] { fork_while_pinned(); }}, Racer{[] {}, [] {}}};
  }
  std::string broken() override { return broken_; }

 private:
  void fork_while_pinned() {
    Accessor accessor = must(space.accessor());
    must(accessor.store<Count>(kA, 1));
    (void)must(space.fork());  // finds nothing, and remembers that
    must(accessor.store<Count>(kA, 1));
    const Pin pin = must(accessor.pin(kA, 8, PinAccess::write));
    const Space child = must(space.fork());
    std::memcpy(pin.pieces()[0].iov_base, &kForeign, sizeof kForeign);
    if (get(child, kA) == kForeign) broken_ = "a device wrote to a fork";
  }
  std::string broken_;
};

struct Named {
  const char* name;
  std::size_t changes;  ///< of place, that are tried at most: some ten thousand runs
  std::function<std::unique_ptr<Scene>()> make;
};
template <class Made, auto... arguments>
Named scene(const char* name, std::size_t changes) {
  return {name, changes, [] { return std::make_unique<Made>(arguments...); }};
}
const Named kStrongWriter = scene<ForkOfAWriter, 0>("ForkOfAWriter", 3);
const Named kLightWriter = scene<ForkOfAWriter, 5>("ForkOfALightWriter", 3);
const Named kEnteringWriter = scene<ForkOfAWriterThatEnters>("ForkOfAWriterThatEnters", 3);
const Named kReader = scene<DiscardUnderAReader>("DiscardUnderAReader", 2);
const Named kCopies = scene<CopiesUnderAReader>("CopiesUnderAReader", 2);
const Named kSibling = scene<SiblingThatVanishes>("SiblingThatVanishes", 2);
const Named kSharedPage = scene<PinOfASharedPage>("PinOfASharedPage", 1);
const Named kPinnedPage = scene<ForkOfAPinnedPage>("ForkOfAPinnedPage", 1);

struct Search {
  std::string broken;  ///< empty: no promise
  std::size_t runs = 0;
};

/// Tries all runs with so many changes of place, until one breaks a promise.
Search search(const Named& named, const Machine& machine, std::size_t changes) {
  Search result;
  for (AllTurns all(changes);;) {
    const std::unique_ptr<Scene> scene = named.make();
    Switching switching(machine, all.turns());
    switching.run(scene->racers());
    ++result.runs;
    result.broken = scene->broken();
    if (!result.broken.empty() || !all.next(switching.cut_short())) return result;
  }
}

struct LeftOut {
  const char* name;
  Named scene;
  bool has_membarrier = true;
  const char* dies_with = nullptr;  ///< where one of the engine's own checks finds it
};

struct Whole {
  Named scene;
  bool has_membarrier;
};

class WhatIsLeftOut : public testing::TestWithParam<LeftOut> {};

TEST_P(WhatIsLeftOut, IsMissed) {
  const auto& [name, scene, has_membarrier, dies_with] = GetParam();
  const Machine weak{has_membarrier, name};
  if (dies_with != nullptr) {
    EXPECT_DEATH((void)search(scene, weak, 1), dies_with);
    return;
  }
  Search found;
  for (std::size_t changes = 1; changes <= scene.changes && found.broken.empty(); ++changes)
    found = search(scene, weak, changes);
  EXPECT_NE(found.broken, "") << "nothing is found in " << found.runs << " runs";
  RecordProperty("broken", found.broken);
  RecordProperty("runs", static_cast<int>(found.runs));
}

std::string identifier(const LeftOut& left_out) {
  std::string name = left_out.name;
  for (char& c : name)
    if (c == '.') c = '_';
  return name;
}

// GoogleTest prints what a test is about, where it fails.
void PrintTo(const LeftOut& left_out, std::ostream* out) { *out << left_out.name; }
void PrintTo(const Whole& whole, std::ostream* out) { *out << whole.scene.name; }

INSTANTIATE_TEST_SUITE_P(
    Each, WhatIsLeftOut,
    testing::Values(
        LeftOut{"section.strong", kStrongWriter}, LeftOut{"section.writer_left", kStrongWriter},
        LeftOut{"revoke_writers.heavy", kLightWriter}, LeftOut{"enter.stamp", kEnteringWriter},
        LeftOut{"revoke_all.heavy", kReader}, LeftOut{"section.idle", kReader},
        LeftOut{"retire.heavy", kCopies}, LeftOut{"copy.keep_shared", kSibling},
        LeftOut{"pin.look_again", kSharedPage, true, "a pinned frame was shared"},
        LeftOut{"pin.hint", kPinnedPage}, LeftOut{"section.enter_writing", kLightWriter, false},
        LeftOut{"section.enter_reading", kReader, false}),
    [](const auto& each) { return identifier(each.param); });

class TheWholeEngine : public testing::TestWithParam<Whole> {};

TEST_P(TheWholeEngine, BreaksNoPromise) {
  for (std::size_t changes = 1; changes <= GetParam().scene.changes; ++changes) {
    const Search found = search(GetParam().scene, {GetParam().has_membarrier, ""}, changes);
    EXPECT_EQ(found.broken, "") << "after " << found.runs << " runs with " << changes << " changes";
  }
}

std::vector<Whole> all_scenes() {
  std::vector<Whole> all;
  for (const Named& scene : {kStrongWriter, kLightWriter, kEnteringWriter, kReader, kCopies,
                             kSibling, kSharedPage, kPinnedPage})
    for (const bool has_membarrier : {true, false}) all.push_back({scene, has_membarrier});
  return all;
}

INSTANTIATE_TEST_SUITE_P(In, TheWholeEngine, testing::ValuesIn(all_scenes()), [](const auto& each) {
  return std::string(each.param.scene.name) +
         (each.param.has_membarrier ? "" : "WithoutMembarrier");
});

}  // namespace
}  // namespace cleave::detail
