// cleave.Arena
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <pybind11/pybind11.h>

#include <cleave/arena.h>

#include "adapters/python/commit.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/handle.h"
#include "adapters/python/runtime/lent.h"

namespace cleave::python {

class ArenaObject : public Handle<Arena> {
 public:
  explicit ArenaObject(Arena&& arena);
  /// Of what came from a repository of images, and is kept with it.
  explicit ArenaObject(std::shared_ptr<Arena> arena);
  /// Of memory that was taken over: `owner` keeps it in place, as long as this lives.
  ArenaObject(Arena&& arena, std::shared_ptr<Contents> owner);
  /// The arena first, then what keeps its memory in place.
  ~ArenaObject();
  ArenaObject(const ArenaObject&) = delete;
  ArenaObject& operator=(const ArenaObject&) = delete;

  /// The whole memory, writable, as a Piece.
  [[nodiscard]] pybind11::object piece(pybind11::object self);
  /// The same bytes at their second address.
  [[nodiscard]] pybind11::object device_piece(pybind11::object self);
  /// The same as a buffer of the arena itself. NumPy may keep the arena instead of the buffer, so
  /// from now on the memory stays until the Python object goes.
  int give_buffer(PyObject* self, Py_buffer* view, int flags);
  [[nodiscard]] Lending& lending() noexcept { return lending_; }
  [[nodiscard]] Place place() const noexcept { return place_; }

  /// Raises BufferError if memory is lent.
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
  std::shared_ptr<Contents> taken_;
  Lending lending_;
  Place place_;
  std::shared_ptr<Arena> kept_;  // once the arena was a buffer itself, closed or not
  std::optional<Lent> kept_memory_;
};

void define_arena(pybind11::module_& module);
/// The part of it that is about commits.
void define_history(pybind11::class_<ArenaObject>& kind);
/// The one about devices.
void define_device(pybind11::class_<ArenaObject>& kind);
/// And the one about memory that exists: a function of the module, too.
void define_take_over(pybind11::module_& module, pybind11::class_<ArenaObject>& kind);

}  // namespace cleave::python
