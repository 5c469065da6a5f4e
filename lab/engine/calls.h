// Programs of a few calls each, all of which are tried: what the calls of some threads come to
// must be what they come to one after another, in one order or another.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "lab/engine/stage/scene.h"
#include "lab/explore/search/explorer.h"

namespace lab::engine {

enum class Call : std::uint8_t {
  store,
  load,
  fork,
  end_child,  ///< of the fork that the set-up made
  pin,        ///< through the thread's accessor, the fast way first
  pin_slow,   ///< through the space, under its lock
  unpin,      ///< what the set-up pinned
  hold,
  unmap,
  protect,   ///< read-only
  rollback,  ///< to the snapshot that the set-up took
  evict,     ///< a page, of a pool with a backing
  merge,     ///< what is equal, in such a pool
};
inline constexpr std::array kCalls{Call::store, Call::load,     Call::fork,    Call::end_child,
                                   Call::pin,   Call::pin_slow, Call::unpin,   Call::hold,
                                   Call::unmap, Call::protect,  Call::rollback};
[[nodiscard]] const char* name(Call call);

/// What was done before.
enum class Before : std::uint8_t {
  fork,
  pin,
  snapshot,
  warm,
  backing,   ///< that the pool has
  away,      ///< that all which can go has gone there
  equal,     ///< a page like it, which a merger has seen, in a pool with a backing
  elder,     ///< the same, and that page was there first
  merged,    ///< the two are one
  together,  ///< and away
};
inline constexpr std::size_t kSetUps = 4;
[[nodiscard]] const char* name(Before before);

/// One thread for each list of calls.
struct Calls {
  std::vector<Before> before;
  std::vector<std::vector<Call>> threads;

  /// Whether the set-up has what each call works on.
  [[nodiscard]] bool make_sense() const;
  /// "fork, pin; store || unmap".
  [[nodiscard]] std::string text() const;
};

/// All programs of so many threads with a call each, after at most `most_before` of the set-ups;
/// those that differ in the order of the threads once.
std::vector<Calls> all_programs(std::size_t threads, std::size_t most_before);

/// All programs of a thread that has pages go, and so many others with a call each, at a page that
/// is in memory or away, after at most `most_before` more set-ups.
std::vector<Calls> all_evictions(std::size_t others, std::size_t most_before);

/// All programs of so many threads with a call each at pages that are equal, after at most
/// `most_before` more set-ups: beside one that merges them; where they are merged, beside one that
/// has them go; and without more set-ups, where they are away, beside one that has them come.
std::vector<Calls> all_mergings(std::size_t others, std::size_t most_before);

/// What an exploration of such a program came to.
struct Tried {
  std::uint64_t runs = 0, cut = 0, steps = 0;
  std::set<std::string> ends;
  std::string wrong;  ///< a failure, a refusal, or an end that no order of whole calls has
  bool exhaustive = false;
  bool stopped = false;  ///< a limit of the options ended the search
};
/// Explores, and notes no more than failures and refusals as wrong.
Tried search(const Calls& calls, const explore::Options& options);
/// Explores, and compares the ends with those of whole calls.
Tried try_all(const Calls& calls, const explore::Options& options);

/// The ends of all orders in which the calls come one after another.
std::set<std::string> ends_one_by_one(const Calls& calls);

}  // namespace lab::engine
