// cleave.Arena
#pragma once

#include <cstdint>
#include <optional>

#include <pybind11/pybind11.h>

#include <cleave/arena.h>

#include "adapters/python/commit.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/exports.h"
#include "adapters/python/runtime/handle.h"

namespace cleave::python {

class ArenaObject : public Handle<Arena> {
 public:
  explicit ArenaObject(Arena&& arena);

  /// The whole memory, writable. Python keeps the object while the buffer lives.
  int give_buffer(PyObject* self, Py_buffer* view, int flags);
  [[nodiscard]] Exports& exports() noexcept { return exports_; }
  [[nodiscard]] Place place() const noexcept { return place_; }

  /// Raises BufferError if a buffer is out.
  void close();

  /// An offset and a size, the rest where there is none. Raises BadArgumentError outside.
  [[nodiscard]] std::span<std::byte> part(const Arena& arena, Whole offset,
                                          std::optional<Whole> size) const;
  /// The commit that Python means: a Commit, or the name of one (KeyError).
  [[nodiscard]] Commit commit_meant(const Arena& arena, const pybind11::object& meant) const;
  [[nodiscard]] std::unique_ptr<CommitObject> show(Commit&& commit) const {
    return std::make_unique<CommitObject>(std::move(commit), place_);
  }

 private:
  Exports exports_;
  Place place_;
};

void define_arena(pybind11::module_& module);
/// The part of it that is about commits.
void define_history(pybind11::class_<ArenaObject>& kind);

}  // namespace cleave::python
