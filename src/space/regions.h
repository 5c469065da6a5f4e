// The regions of a space: which pages are mapped, with which protection.
#pragma once

#include <cstdint>
#include <utility>

#include <cleave/error.h>
#include <cleave/function_ref.h>
#include <cleave/region.h>
#include <cleave/units.h>

#include "base/plain.h"
#include "frames/frames.h"

namespace cleave::detail {

struct RegionNode;

/// An immutable ordered set of disjoint regions: a treap whose nodes are counted and shared, so
/// that a fork takes one reference however many regions there are, and a change makes O(log n) new
/// nodes and leaves the old set as it was for whoever holds it. A change that runs out of memory is
/// simply never taken over.
///
/// A value of this class is one reference. Copies are cheap and cannot fail. Any number of threads
/// may read one value; changing a value needs the owner's lock, and in a space the revocation of
/// readers.
class Regions {
 public:
  explicit Regions(Frames& frames) : counters_(&frames.counters()) {}
  Regions(const Regions& other) noexcept;
  Regions(Regions&& other) noexcept : counters_(other.counters_), root_(other.root_.get()) {
    other.root_.set(nullptr);
  }
  Regions& operator=(Regions other) noexcept {
    std::swap(counters_, other.counters_);
    RegionNode* const mine = root_.get();
    root_.set(other.root_.get());
    other.root_.set(mine);
    return *this;
  }
  ~Regions();

  /// The region that holds `page`; nullptr: not mapped. O(log n), no lock.
  [[nodiscard]] const Region* find(PageNo page) const noexcept;
  /// The region that holds `page`, or else the next one above; nullptr: none. O(log n).
  [[nodiscard]] const Region* first_from(PageNo page) const noexcept;
  /// The region with the highest address; nullptr: none. O(log n).
  [[nodiscard]] const Region* last() const noexcept;

  /// In order of address.
  void for_each(function_ref<void(const Region&)> visit) const;

  /// The set with `range` mapped, joined to equal neighbours. Errors: already_mapped (where: the
  /// first page in the way), no_memory. O(log n).
  [[nodiscard]] Result<Regions> with_mapped(PageRange range, Protection protection) const;
  /// The set without any page of `range`, mapped or not. Error: no_memory. O(log n).
  [[nodiscard]] Result<Regions> with_unmapped(PageRange range) const;
  /// The set with all of `range` under `protection`. Errors: not_mapped (where: the first page that
  /// is not), no_memory. O(log n) and the regions inside.
  [[nodiscard]] Result<Regions> with_protection(PageRange range, Protection protection) const;

  /// The first page of `range` that no region with at least `protection` holds, as an error:
  /// not_mapped or not_permitted.
  [[nodiscard]] Result<void> check(PageRange range, Protection protection) const;

 private:
  class Builder;
  Regions(PoolCounters* counters, RegionNode* root) : counters_(counters), root_(root) {}

  PoolCounters* counters_;
  /// A section that found the write stamp even reads it too, as Table::root_; it is changed while
  /// readers are revoked.
  plain<RegionNode*> root_;
};

}  // namespace cleave::detail
