// cleave.Snapshot
#pragma once

#include <pybind11/pybind11.h>

#include <cleave/snapshot.h>

#include "adapters/python/runtime/handle.h"
#include "adapters/python/runtime/ranges.h"

namespace cleave::python {

class SnapshotObject : public Handle<Snapshot> {
 public:
  explicit SnapshotObject(Snapshot&& snapshot) : Handle("snapshot", std::move(snapshot)) {}
};

void define_snapshot(pybind11::module_& module);

/// The addresses at which two snapshots differ. Raises BadArgumentError (different pools).
pybind11::list differing(const Snapshot& a, const Snapshot& b);

/// The regions of a space or a snapshot, as a list of cleave.Region.
template <class Regions>
pybind11::list list_regions(const Regions& of) {
  const pybind11::object made = pybind11::module_::import("cleave._records").attr("region");
  pybind11::list regions;
  of.for_each_region([&](const Region& region) {
    regions.append(made(raw(address_of(region.pages.first)), raw(address_of(region.pages.end)),
                        static_cast<int>(region.protection)));
  });
  return regions;
}

}  // namespace cleave::python
