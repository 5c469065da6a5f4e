// cleave.Commit
#pragma once

#include <cstdint>
#include <utility>

#include <pybind11/pybind11.h>

#include <cleave/commit.h>

#include "adapters/python/runtime/handle.h"

namespace cleave::python {

/// Where an arena lies: what turns an offset in it into an address.
struct Place {
  std::uint64_t address;
  std::uint64_t size;
};

class CommitObject : public Handle<Commit> {
 public:
  CommitObject(Commit&& commit, Place place) : Handle("commit", std::move(commit)), place_(place) {}

  [[nodiscard]] Place place() const noexcept { return place_; }

 private:
  Place place_;
};

void define_commit(pybind11::module_& module);

}  // namespace cleave::python
