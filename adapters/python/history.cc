// What an arena remembers: its commits.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <pybind11/stl.h>

#include "adapters/python/arena.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"
#include "adapters/python/runtime/ranges.h"

namespace cleave::python {
namespace {

std::unique_ptr<CommitObject> commit_as(const ArenaObject& self,
                                        const std::optional<std::string>& name,
                                        const py::object& payload) {
  const auto arena = self.get();
  const Contents kept(payload, Contents::For::reading);
  if (name && name->empty()) raise_with("bad_argument", "a name is not empty; None for no name");
  const std::string chosen = name.value_or("");
  return self.show(value_of(without_gil([&] { return arena->commit(chosen, kept.bytes()); })));
}

void check_out(const ArenaObject& self, const py::object& meant) {
  const auto arena = self.get();
  const Commit to = self.commit_meant(*arena, meant);
  value_of(without_gil([&] { return arena->checkout(to); }));
}

// Runs of all arenas that share a history are visited: those of the others have no offset here.
class OwnRanges : public Ranges {
 public:
  explicit OwnRanges(const Arena& arena) : first_(address(arena.data())), size_(arena.size()) {}
  void add(std::span<const std::byte> run) noexcept {
    const std::uintptr_t from = std::max(address(run.data()), first_);
    const std::uintptr_t to = std::min(address(run.data()) + run.size(), first_ + size_.value);
    if (from < to) Ranges::add(from - first_, to - from);
  }

 private:
  static std::uintptr_t address(const std::byte* at) {
    return reinterpret_cast<std::uintptr_t>(at);
  }
  std::uintptr_t first_;
  ByteCount size_;
};

py::list list_changes(const ArenaObject& self) {
  const auto arena = self.get();
  OwnRanges found(*arena);
  value_of(without_gil(
      [&] { return arena->changes([&](std::span<const std::byte> run) { found.add(run); }); }));
  return found.list();
}

py::list diff_commits(const ArenaObject& self, const py::object& a, const py::object& b) {
  const auto arena = self.get();
  const Commit first = self.commit_meant(*arena, a);
  const Commit second = self.commit_meant(*arena, b);
  OwnRanges found(*arena);
  value_of(without_gil([&] {
    return arena->diff(first, second, [&](std::span<const std::byte> run) { found.add(run); });
  }));
  return found.list();
}

py::list list_history(const ArenaObject& self) {
  const auto arena = self.get();
  std::vector<Commit> all;
  value_of(arena->for_each_commit([&](const Commit& each, unsigned) { all.push_back(each); }));
  py::list made;
  for (Commit& each : all) made.append(self.show(std::move(each)));
  return made;
}

std::unique_ptr<CommitObject> find_commit(const ArenaObject& self, const std::string& name) {
  auto found = self.get()->find(name);
  return found ? self.show(std::move(*found)) : nullptr;
}

void forget_commit(const ArenaObject& self, const std::string& name) {
  const auto arena = self.get();
  if (!without_gil([&] { return arena->forget(name); })) throw py::key_error(name);
}

// cleave/_commits.py and cleave/_branch.py, which import this module.
py::object commits_of(const py::object& self) {
  return py::module_::import("cleave._commits").attr("Commits")(self);
}
py::object branch_of(const py::object& self, const std::optional<std::string>& name) {
  return py::module_::import("cleave._branch").attr("Branch")(self, name);
}

}  // namespace

Commit ArenaObject::commit_meant(const Arena& arena, const py::object& meant) const {
  if (py::isinstance<CommitObject>(meant)) return *meant.cast<const CommitObject&>().get();
  if (!py::isinstance<py::str>(meant)) {
    throw py::type_error("expected a cleave.Commit or the name of one");
  }
  const auto name = meant.cast<std::string>();
  if (auto found = arena.find(name)) return std::move(*found);
  throw py::key_error(name);
}

void define_history(py::class_<ArenaObject>& kind) {
  kind.def("commit", commit_as, py::arg("name") = py::none(), py::kw_only(),
           py::arg("payload") = py::bytes(), R"(commit(self, name=None, *, payload=b"")
--

Remembers the contents: a Commit. With a name the arena keeps it, in `commits`.

`payload`: up to 64 KiB that are copied, and that Commit.payload gives back: seeds, offsets of
files. About 1 us for each page changed since the commit that the arena stands at. Errors:
OutOfMemoryError (the pool's budget: nothing is lost, let go of commits and try again),
AlreadyExistsError (the name is taken), BadArgumentError (a longer payload).)");
  kind.def("checkout", check_out, py::arg("commit"), R"(checkout(self, commit)
--

Makes the contents those of a Commit, or of the commit of that name; the arena then stands there.

Memoryviews and NumPy arrays over the memory stay, and show the new contents. The cost follows the
pages that differ. Errors, and nothing has changed: BadArgumentError (of another history),
PinnedError (`address`: the first page that is pinned for writing and would change), NotMappedError
(`address`: memory of an arena that joined after the commit, or has ended since), KeyError (no such
name).)");
  kind.def(
      "revert",
      [](const ArenaObject& self) {
        const auto arena = self.get();
        value_of(without_gil([&] { return arena->revert(); }));
      },
      R"(revert(self)
--

Gives up what changed since the commit that the arena stands at: checkout(head).)");
  kind.def_property_readonly(
      "head", [](const ArenaObject& self) { return self.show(self.get()->head()); },
      "The Commit that the arena stands at.");
  kind.def("changes", list_changes, R"(changes(self)
--

Offsets of bytes that may have changed since `head`: a list of `range`, whole pages, in order.)");
  kind.def("diff", diff_commits, py::arg("a"), py::arg("b"), R"(diff(self, a, b)
--

Offsets at which two commits (Commit, or name) differ: a list of `range`, whole pages, in order.

Errors: BadArgumentError (a commit of another arena), KeyError (no such name).)");
  kind.def("history", list_history, R"(history(self)
--

All living commits, each after its parent: a list of Commit. Error: OutOfMemoryError.)");
  kind.def_property_readonly("commits", commits_of,
                             "The commits that the arena keeps by name: a mapping from str to "
                             "Commit. `del arena.commits[name]` lets one go.");
  kind.def("_find", find_commit, py::arg("name"), "_find(self, name)\n--\n\n");
  kind.def("_forget", forget_commit, py::arg("name"), "_forget(self, name)\n--\n\n");
  kind.def("branch", branch_of, py::arg("name") = py::none(), R"(branch(self, name=None)
--

A context manager that comes back: after the block the contents are what they were before it.

    with arena.branch("try") as branch:
        ...                  # change the memory, commit, check out
        branch.keep()        # if it was good: commit under the name, and stay there

Without keep(), or if the block raises, the arena goes back. Blocks can stand in each other.)");
}

}  // namespace cleave::python
