// Whether each memory order of a program is needed: it is weakened, and the program explored again.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lab/explore/search/explorer.h"

namespace lab::explore {

/// A program, by a name that tells it from others.
struct Subject {
  std::string name;
  Factory factory;
};

/// One order, made weaker.
struct Weakened {
  Site site;
  Order to;
  /// The program that shows the difference; empty: none does.
  std::string program = {};
  /// What shows the difference: an outcome or a failure that is not there otherwise, or the
  /// exploration's own end. Empty: this program does not need the order.
  std::string noticed = {};
  /// Leads to it.
  Schedule witness = {};
  Coverage coverage = {};  ///< of the latest exploration; the least of all, where none notices
  /// What Options::drop names it by: "SITE~ORDER".
  [[nodiscard]] std::string name() const;
};

/// The orders just weaker than that.
[[nodiscard]] std::vector<Order> weaker(Order order, Use use);

/// Explores the program as it is, then once for each site where it says an order and each order
/// just weaker: seq_cst to acq_rel, that to acquire and to release, these to relaxed, as far as
/// loads and stores have them. Each exploration ends at the first thing that is not there as the
/// program is. What is weakened twice over is not tried where once is noticed. Refusals: those of
/// explore(); a program that is not explored exhaustively as it is, since nothing can be compared
/// with that. Of `options` it uses all but stop_at and stop_at_failure.
tl::expected<std::vector<Weakened>, Refusal> weaken_each(const Factory& factory,
                                                         const Options& options);

/// What a program comes to as it is: what weakened orders are compared with.
class Usual {
 public:
  /// Refusals: those of explore(), and a search that is not exhaustive.
  static tl::expected<Usual, Refusal> of(const Subject& subject, const Options& options);
  [[nodiscard]] const std::vector<Site>& sites() const { return sites_; }
  /// Explores the program with the order weakened, and says in `one` what it finds. True: it
  /// notices. Any thread.
  tl::expected<bool, Refusal> notices(Weakened& one) const;

 private:
  Usual(const Subject& subject, const Options& options) : subject_(subject), options_(options) {}

  Subject subject_;
  Options options_;
  std::set<std::string> texts_;
  std::vector<Site> sites_;
};

}  // namespace lab::explore
