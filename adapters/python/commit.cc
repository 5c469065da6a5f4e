#include "adapters/python/commit.h"

#include <optional>
#include <string>

#include <pybind11/stl.h>

#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/bytes.h"
#include "adapters/python/runtime/counted.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"
#include "adapters/python/snapshot.h"

namespace cleave::python {
namespace {

py::bytes read_commit(const CommitObject& self, Whole offset, std::optional<Whole> size) {
  const auto commit = self.get();
  const Place place = self.place();
  const std::uint64_t most = offset.value <= place.size ? place.size - offset.value : 0;
  const std::uint64_t bytes = size ? size->value : most;
  if (offset.value > place.size || bytes > most) {
    raise_with("bad_argument", "the range does not lie inside the arena");
  }
  return read_bytes(commit->snapshot(), Address{place.address + offset.value}, bytes);
}

std::optional<std::string> name_of(const CommitObject& self) {
  const auto commit = self.get();
  if (commit->name().empty()) return std::nullopt;
  return std::string(commit->name());
}

std::unique_ptr<CommitObject> parent_of(const CommitObject& self) {
  auto parent = self.get()->parent();
  if (!parent) return nullptr;
  return std::make_unique<CommitObject>(std::move(*parent), self.place());
}

py::object equal_commits(const CommitObject& self, const py::object& other) {
  if (!py::isinstance<CommitObject>(other)) {
    return py::reinterpret_borrow<py::object>(Py_NotImplemented);
  }
  return py::bool_(*self.get() == *other.cast<const CommitObject&>().get());
}

std::string show_commit(const CommitObject& self) {
  if (!self.is_here()) return "<cleave.Commit of the parent process>";
  const auto commit = self.get();
  std::string text = "<cleave.Commit " + std::to_string(commit->number());
  if (const auto name = name_of(self)) {
    text += " " + py::repr(py::str(*name)).cast<std::string>();
  }
  return text + ": " + counted(commit->pages(), "page") + ">";
}

}  // namespace

void define_commit(py::module_& module) {
  auto kind = define<CommitObject>(module, "Commit", R"(What an arena held at one moment.

Arena.commit() and Arena.commits give one. It lives as long as an object for it does, or the arena
keeps it by its name; it may outlive the arena. Two objects for one commit are equal_commits.)");
  kind.def("read", read_commit, py::arg("offset") = 0, py::arg("size") = py::none(),
           R"(read(self, offset=0, size=None)
--

`size` bytes of the contents, from `offset` in the arena on; up to the end without a size.

Error: BadArgumentError (not inside the arena).)");
  kind.def(
      "snapshot",
      [](const CommitObject& self) {
        return std::make_unique<SnapshotObject>(Snapshot(self.get()->snapshot()));
      },
      R"(snapshot(self)
--

The contents as a Snapshot, at the arena's own addresses: offset 0 is at Arena.address.)");
  kind.def_property_readonly("name", name_of, "The name that it was given, or None.");
  kind.def_property_readonly("parent", parent_of,
                             "The commit that it was made on, or the nearest before that still "
                             "lives; None for the first.");
  kind.def_property_readonly(
      "number", [](const CommitObject& self) { return self.get()->number(); },
      "0 for the arena's first, then counting up.");
  kind.def_property_readonly(
      "pages", [](const CommitObject& self) { return self.get()->pages(); },
      "Pages that were written to the pool for it.");
  kind.def_property_readonly(
      "payload",
      [](const CommitObject& self) {
        const auto bytes = self.get()->payload();
        return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      },
      "What commit() was given to keep with it; b\"\" where that was nothing.");
  kind.def("__eq__", equal_commits, py::arg("other"), "__eq__(self, other)\n--\n\n");
  kind.def(
      "__hash__",
      // Not by the place: arenas that share a history show one commit each as theirs.
      [](const CommitObject& self) { return std::hash<std::uint64_t>()(self.get()->number()); },
      "__hash__(self)\n--\n\n");
  kind.def("__repr__", show_commit, "__repr__(self)\n--\n\n");
}

}  // namespace cleave::python
