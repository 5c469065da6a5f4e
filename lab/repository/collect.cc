// How the collector goes: mark, condemn, remove what was condemned in a generation before.
#include <bit>

#include "lab/repository/protocol.h"

namespace lab::repository {
namespace {

using explore::performs;

constexpr Packs bit(std::size_t pack) { return static_cast<Packs>(1U << pack); }

Objects marked(const Root& root) {
  const Objects refs = root.refs[0] | root.refs[1];
  return performs("collect.marks-leases") ? refs | root.leased : refs;
}

}  // namespace

// The first pack that holds an object is its home, and what is nobody's home is not needed.
Protocol::Verdict Protocol::judge(const Seen& seen) const {
  Verdict verdict;
  const Packs passed_over =
      performs("collect.never-takes-back") ? seen.root.condemned : static_cast<Packs>(0);
  for (Objects left = marked(seen.root); left != 0;
       left = static_cast<Objects>(left & (left - 1))) {
    const unsigned object = static_cast<unsigned>(std::countr_zero(left));
    Packs holders = 0;
    for (std::size_t p = 0; p < seen.packs.size(); ++p) {
      if ((seen.packs[p] >> object & 1) != 0 && (passed_over & bit(p)) == 0) holders |= bit(p);
    }
    if (holders == 0) verdict.complete = false;
    verdict.homes |= holders & -holders;
  }
  for (std::size_t p = 0; p < seen.packs.size(); ++p) {
    const bool there = seen.packs[p] != 0;
    if (there && ((verdict.homes | seen.root.condemned) & bit(p)) == 0) verdict.unneeded |= bit(p);
  }
  return verdict;
}

// Copies what is needed of the first home that is half dead; the home is not needed then.
Packs Protocol::rewrite(const Seen& seen, const Verdict& verdict, unsigned name) {
  if (!shape_.rewrites) return 0;
  for (std::size_t p = 0; p < seen.packs.size(); ++p) {
    const auto holds = static_cast<Objects>(seen.packs[p]);
    const auto needed = static_cast<Objects>(holds & marked(seen.root));
    if ((verdict.homes & bit(p)) == 0 || needed == holds) continue;
    put(name, needed);
    return bit(p);
  }
  return 0;
}

void Protocol::remove(Packs packs) {
  for (std::size_t p = 0; p < packs_.size(); ++p) {
    if ((packs & bit(p)) == 0) continue;
    if (explore::choose("dies", 2) == 1) return;
    explore::step("remove a pack", [&] { packs_[p].write(0); });
  }
}

bool Protocol::collect_once(unsigned name_of_a_copy) {
  const Seen seen = look();
  const Verdict verdict = judge(seen);
  if (!verdict.complete) return false;  // Of a mark that is not complete nothing follows.
  const auto unneeded =
      static_cast<Packs>(verdict.unneeded | rewrite(seen, verdict, name_of_a_copy));
  if (!performs("collect.publishes-first")) {
    remove(unneeded);
    return true;
  }
  Root desired = seen.root;
  Packs listed = 0;
  for (std::size_t p = 0; p < seen.packs.size(); ++p) {
    if (seen.packs[p] != 0) listed |= bit(p);
  }
  const Packs going = seen.root.condemned & listed;
  desired.condemned = going | unneeded;  // What is gone already needs no condemning.
  if (!performs("collect.never-takes-back")) {
    desired.condemned = static_cast<Packs>(desired.condemned & ~verdict.homes);
  }
  if (explore::choose("dies", 2) == 1) return true;
  if (!swap(seen.root, desired, "collect.compares-the-root")) return false;
  remove(static_cast<Packs>(going & desired.condemned));
  return true;
}

void Protocol::collect(unsigned which) {
  const unsigned first = static_cast<unsigned>(shape_.packs.size()) +
                         static_cast<unsigned>(shape_.pushes.size()) * shape_.tries;
  for (unsigned round = 0; round < shape_.rounds; ++round) {
    bool done = false;
    for (unsigned i = 0; i < shape_.tries && !done; ++i) {
      done = collect_once(first + which * shape_.rounds + round);
    }
  }
}

}  // namespace lab::repository
