// A protocol to explore: pushes to a repository of images beside its collector, each of which may
// die before any of its steps (docs/decisions/0017-images.md).
//
// Objects travel in packs, whose names never come again. One value, the root, says which objects
// each ref needs, what readers lease, and which packs are condemned; it changes as a whole, by
// compare-and-swap. What must hold after every step: whatever the root's refs and leases need is in
// packs that are there. What must hold at the end: a push that was acknowledged was once the ref.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "lab/explore/execution/program.h"

namespace lab::repository {

/// Which objects, or which packs: a bit each.
using Objects = std::uint8_t;
using Packs = std::uint16_t;

/// All that is swapped at once.
struct Root {
  std::uint16_t generation = 0;
  Packs condemned = 0;
  std::array<Objects, 2> refs{};
  Objects leased = 0;
  std::uint8_t unused = 0;
};
static_assert(sizeof(Root) == 8);

/// Who is there, and what there is at the beginning.
struct Shape {
  struct Push {
    unsigned ref;
    Objects needs;
  };
  std::vector<Push> pushes = {};
  std::vector<Objects> packs = {};   ///< what each pack holds; what no ref needs is garbage
  std::array<Objects, 2> refs = {};  ///< what each ref needs
  unsigned collectors = 1;
  unsigned rounds = 2;    ///< of each collector
  unsigned tries = 2;     ///< of each push, and each round
  bool reader = false;    ///< takes a lease on what the first ref needs, and ends it
  bool rewrites = false;  ///< collectors copy what lives out of packs that are half dead
};

/// What can be left out, by its name. Each is needed: tests/model/repository_test.cc.
inline constexpr std::array kNeeded{
    "push.compares-the-root",    "push.asks-again-after-a-conflict",
    "push.lists-after-the-root", "push.leaves-condemned-packs-alone",
    "push.puts-before-it-swaps", "pack.has-a-name-of-its-own",
    "collect.publishes-first",   "collect.compares-the-root",
    "collect.never-takes-back",  "collect.marks-leases",
    "read.leases-by-the-root",
};

/// What must never be false is asked after each step; outcomes have "acknowledged", a bit a push.
class Protocol : public explore::Program {
 public:
  explicit Protocol(Shape shape);
  void start(explore::Threads& threads) override;
  void invariant() override;
  void end(explore::Outcome& outcome) override;
  std::string describe() override;

 private:
  // What a pack holds, and that it is there.
  using Pack = std::uint16_t;
  static constexpr Pack kThere = 256;

  // What was seen by who looked at the root, and listed the packs, one a step.
  struct Seen {
    Root root;
    std::vector<Pack> packs;
  };
  // What a round of the collector makes of that.
  struct Verdict {
    bool complete = true;  // a home was found for all that is needed
    Packs homes = 0;
    Packs unneeded = 0;
  };

  void push(unsigned which);
  void collect(unsigned which);
  [[nodiscard]] bool collect_once(unsigned name_of_a_copy);
  void read();

  [[nodiscard]] Seen look() const;
  [[nodiscard]] Root look_at_root() const;
  [[nodiscard]] std::vector<Pack> list() const;
  [[nodiscard]] bool swap(const Root& expected, Root desired, const char* compares);
  void put(unsigned name, Objects objects);
  void remove(Packs packs);
  [[nodiscard]] Verdict judge(const Seen& seen) const;
  [[nodiscard]] Packs rewrite(const Seen& seen, const Verdict& verdict, unsigned name);

  Shape shape_;
  std::vector<std::uint8_t> acknowledged_;
  explore::Shared<Root> root_{"root"};
  std::deque<explore::Shared<Pack>> packs_;
};

}  // namespace lab::repository
