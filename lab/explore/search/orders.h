// Whether each memory order of a program is needed: it is weakened, and the program explored again.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lab/explore/search/explorer.h"

namespace lab::explore {

/// One order, made weaker.
struct Weakened {
  Site site;
  Order to;
  /// What shows the difference: an outcome or a failure that is not there otherwise, or the
  /// exploration's own end. Empty: this program does not need the order.
  std::string noticed;
  /// Leads to it.
  Schedule witness;
  Coverage coverage;
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

}  // namespace lab::explore
