#ifdef CLEAVE_PYTHON_IMAGE

#include "adapters/python/image/repository.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/stl.h>

#include <cleave/image/repository.h>

#include "adapters/python/arena.h"
#include "adapters/python/commit.h"
#include "adapters/python/image/image.h"
#include "adapters/python/image/pushed.h"
#include "adapters/python/image/store.h"
#include "adapters/python/pool.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/choice.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"
#include "adapters/python/runtime/ranges.h"
#include "adapters/python/snapshot.h"
#include "adapters/python/space.h"

namespace cleave::python {
namespace {

using RepositoryKind = py::class_<RepositoryObject>;

py::object record_named(const char* name) {
  return py::module_::import("cleave._records").attr(name);
}

std::unique_ptr<RepositoryObject> open_repository(const py::object& store, bool read_only) {
  const std::string name = store_name(store);
  return std::make_unique<RepositoryObject>(value_of(without_gil([&]() -> Result<Repository> {
    auto opened = store_named(name, false, read_only);
    if (!opened) return tl::unexpected(opened.error());
    return Repository::open(std::move(*opened));
  })));
}

Result<Repository> new_repository(const std::string& name) {
  auto opened = store_named(name, true, false);
  if (!opened) return tl::unexpected(opened.error());
  return Repository::create(std::move(*opened));
}

std::unique_ptr<RepositoryObject> create_repository(const py::object& store) {
  const std::string name = store_name(store);
  return std::make_unique<RepositoryObject>(
      value_of(without_gil([&] { return new_repository(name); })));
}

std::unique_ptr<PushedObject> push(const RepositoryObject& self, const py::object& what,
                                   const std::string& ref, const PushedObject* since,
                                   const std::optional<std::string>& expected,
                                   const std::string& message, const py::object& payload,
                                   Whole root_object, std::uint32_t layout) {
  const auto repository = self.get();
  const auto before = since == nullptr ? nullptr : since->get();
  PushOptions options;
  options.since = before.get();
  // "": the ref must not be there.
  if (expected) options.expected = expected->empty() ? ImageId{} : image_id(*expected);
  options.message = message;
  options.layout = layout;
  options.root_object = reinterpret_cast<const void*>(root_object.value);  // NOLINT: it is theirs
  const Contents own(payload, Contents::For::reading);
  options.payload.assign(reinterpret_cast<const char*>(own.bytes().data()), own.bytes().size());
  const auto pushed = [&](const auto& contents) {
    return std::make_unique<PushedObject>(value_of(
        repository->use([&](Repository& use) { return use.push(*contents, ref, options); })));
  };
  if (py::isinstance<CommitObject>(what)) return pushed(what.cast<const CommitObject&>().get());
  if (py::isinstance<SnapshotObject>(what)) {
    return pushed(what.cast<const SnapshotObject&>().get());
  }
  throw py::type_error("what is pushed is a cleave.Commit or a cleave.Snapshot");
}

py::list list_refs(const RepositoryObject& self) {
  const auto repository = self.get();
  const auto refs = value_of(repository->use([](Repository& use) { return use.refs(); }));
  const py::object made = record_named("ImageRef");
  py::list all;
  for (const ImageRef& ref : refs) all.append(made(ref.name, ref.commit.hex(), ref.generation));
  return all;
}

py::object show_record(const RepositoryObject& self, const std::string& commit) {
  const auto repository = self.get();
  const ImageId id = image_id(commit);
  const auto record = value_of(repository->use([&](Repository& use) { return use.record(id); }));
  const py::object region = record_named("region");
  py::list regions;
  for (const Region& each : record.regions) {
    regions.append(region(raw(address_of(each.pages.first)), raw(address_of(each.pages.end)),
                          static_cast<int>(each.protection)));
  }
  std::vector<std::string> parents;
  for (const ImageId& parent : record.parents) parents.push_back(parent.hex());
  std::vector<std::string> modules;
  for (const ImageModule& module : record.modules) modules.push_back(module.name);
  const bool of_arena = record.kind == ImageRecord::Kind::arena;
  const auto text = [](const std::string& bytes) {
    return py::reinterpret_steal<py::str>(
        PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
  };
  return record_named("ImageRecord")(
      of_arena ? "arena" : "space", record.pages, text(record.message), py::bytes(record.payload),
      record.layout, record.root_object, parents, regions, record.architecture, modules);
}

std::vector<std::string> list_history(const RepositoryObject& self, const std::string& commit,
                                      std::size_t most) {
  const auto repository = self.get();
  const ImageId id = image_id(commit);
  std::vector<std::string> line;
  const auto found =
      value_of(repository->use([&](Repository& use) { return use.history(id, most); }));
  for (const ImageId& each : found) line.push_back(each.hex());
  return line;
}

py::list differing_images(const RepositoryObject& self, const std::string& a,
                          const std::string& b) {
  const auto repository = self.get();
  const ImageId one = image_id(a);
  const ImageId other = image_id(b);
  Ranges found;
  value_of(repository->use([&](Repository& use) {
    return use.diff(one, other, [&](PageRange pages) {
      found.add(raw(address_of(pages.first)), pages.pages() * kPageSize);
    });
  }));
  return found.list();
}

// All but leases there; what was touched there is as good a hint as what was touched here.
Result<void> fetch_all(Repository& to, Repository& from) {
  const auto refs = from.refs();
  if (!refs) return tl::unexpected(refs.error());
  for (const ImageRef& ref : *refs) {
    if (ref.name.starts_with("readers/")) continue;
    auto fetched = to.fetch(from, ref.name, ref.name.starts_with("touched/"));
    if (!fetched) return tl::unexpected(fetched.error());
  }
  return {};
}

std::unique_ptr<RepositoryObject> clone(const RepositoryObject& self, const py::object& store) {
  const auto from = self.get();
  const std::string name = store_name(store);
  return std::make_unique<RepositoryObject>(
      value_of(from->use([&](Repository& theirs) -> Result<Repository> {
        auto made = new_repository(name);
        if (!made) return made;
        if (auto done = fetch_all(*made, theirs); !done) return tl::unexpected(done.error());
        return made;
      })));
}

void pull(const RepositoryObject& self, const RepositoryObject& other,
          const std::optional<std::string>& ref, bool force) {
  const auto to = self.get();
  const auto from = other.get();
  if (to == from) raise_with("bad_argument", "a repository has all of itself already");
  value_of(InTurn<Repository>::use_both(*to, *from,
                                        [&](Repository& mine, Repository& theirs) -> Result<void> {
                                          if (!ref) return fetch_all(mine, theirs);
                                          auto fetched = mine.fetch(theirs, *ref, force);
                                          if (!fetched) return tl::unexpected(fetched.error());
                                          return {};
                                        }));
}

std::unique_ptr<ArenaObject> checkout_arena(const RepositoryObject& self, const PoolObject& pool,
                                            const std::string& commit,
                                            const std::string& tracking) {
  const auto repository = self.get();
  const auto into = pool.get();
  const ImageId id = image_id(commit);
  ArenaOptions options;
  options.tracking = tracking_word(tracking);
  return std::make_unique<ArenaObject>(value_of(
      repository->use([&](Repository& use) { return use.checkout_arena(*into, id, options); })));
}

void define_names(RepositoryKind& kind) {
  kind.def("refs", list_refs, R"(refs(self)
--

All refs, by name: a list of ImageRef. Error: InputOutputError.)");
  kind.def(
      "resolve",
      [](const RepositoryObject& self, const std::string& text) {
        const auto repository = self.get();
        return value_of(repository->use([&](Repository& use) { return use.resolve(text); })).hex();
      },
      py::arg("text"), R"(resolve(self, text)
--

The id of the commit that a ref names; an id is its own: a str of 64 digits.

Error: NotMappedError.)");
  kind.def(
      "forget",
      [](const RepositoryObject& self, const std::string& ref) {
        const auto repository = self.get();
        value_of(repository->use([&](Repository& use) { return use.forget(ref); }));
      },
      py::arg("ref"), R"(forget(self, ref)
--

Takes a ref away; collect() removes what nothing else leads to. Error: NotMappedError.)");
  kind.def("record", show_record, py::arg("commit"), R"(record(self, commit)
--

What a commit, by its id, says of itself: an ImageRecord. Error: InputOutputError.)");
  kind.def("history", list_history, py::arg("commit"), py::arg("most") = 1000,
           R"(history(self, commit, most=1000)
--

The ids of the commit, of its first parent, and so on: a list of str, of so many at most.)");
  kind.def("diff", differing_images, py::arg("a"), py::arg("b"), R"(diff(self, a, b)
--

The addresses at which two commits differ: a list of `range`, whole pages, in order.)");
}

void define_travel(RepositoryKind& kind) {
  kind.def("push", push, py::arg("what"), py::arg("ref"), py::kw_only(),
           py::arg("since") = py::none(), py::arg("expected") = py::none(), py::arg("message") = "",
           py::arg("payload") = py::bytes(""), py::arg("root_object") = 0, py::arg("layout") = 0,
           "push(self, what, ref, *, since=None, expected=None, message=\"\", payload=b\"\", "
           "root_object=0, layout=0)"
           R"(
--

Makes a Commit or a Snapshot what `ref` names: a PushedImage. When it returns, that is durable.

Only what the store lacks is put there. `since`: what was pushed before; then only pages that differ
from it are looked at, and the ref must stand there. `expected`: the id of the commit where the ref
must stand, or "": there must be none. A commit's own payload goes with it, unless there is another.
`root_object` is the address of the program's root in an arena, `layout` its own version.

Errors: BadArgumentError (the ref's name, texts too long), NotPermittedError (the ref is elsewhere:
pull, and try again), InputOutputError, OutOfMemoryError.)");
  kind.def("pull", pull, py::arg("other"), py::arg("ref") = py::none(), py::arg("force") = false,
           R"(pull(self, other, ref=None, force=False)
--

Copies what a ref of another Repository leads to, as far as it is lacking here; without a ref, all.

Error: NotPermittedError (the ref has commits here that the other has not; with `force` these are
let go).)");
  kind.def("clone", clone, py::arg("store"), R"(clone(self, store)
--

A new Repository at `store` with all refs of this one. Error: AlreadyExistsError.)");
  kind.def(
      "checkout",
      [](const RepositoryObject& self, const PoolObject& pool, const std::string& commit) {
        const auto repository = self.get();
        const auto into = pool.get();
        const ImageId id = image_id(commit);
        return std::make_unique<SpaceObject>(
            value_of(repository->use([&](Repository& use) { return use.checkout(*into, id); })));
      },
      py::arg("pool"), py::arg("commit"), R"(checkout(self, pool, commit)
--

A Space that holds a commit, by its id. Errors: OutOfMemoryError, InputOutputError.)");
  kind.def("checkout_arena", checkout_arena, py::arg("pool"), py::arg("commit"), py::kw_only(),
           py::arg("tracking") = "automatic",
           R"(checkout_arena(self, pool, commit, *, tracking="automatic")
--

An Arena that holds a commit, at the address where it was, and stands at a commit of it.

Errors: AlreadyMappedError (something lies there), NotPermittedError (words in it lead to what is
not in this process), UnsupportedError (another architecture), OutOfMemoryError,
InputOutputError.)");
}

void define_repository_care(RepositoryKind& kind) {
  kind.def(
      "verify",
      [](const RepositoryObject& self) {
        const auto repository = self.get();
        const auto found = value_of(repository->use([](Repository& use) { return use.verify(); }));
        return record_named("VerifiedImages")(found.packs, found.objects, found.commits,
                                              found.problems);
      },
      R"(verify(self)
--

Reads every byte, compares each hash, follows each ref: a VerifiedImages.)");
  kind.def(
      "collect",
      [](const RepositoryObject& self) {
        const auto repository = self.get();
        const auto did = value_of(repository->use([](Repository& use) { return use.collect(); }));
        return record_named("CollectedImages")(did.packs, did.candidates, did.condemned,
                                               did.removed, did.rewritten);
      },
      R"(collect(self)
--

One round of the collector, of three that remove what no ref leads to: a CollectedImages.

Safe beside pushes, pulls and other collectors, whoever dies.)");
  kind.def("close", &RepositoryObject::close, R"(close(self)
--

Lets go of it; again: nothing.)");
}

}  // namespace

void define_repository(py::module_& module) {
  define_pushed(module);
  auto kind =
      define<RepositoryObject>(module, "Repository", R"(Repository(store, *, read_only=False)
--

Commits that outlive the process: pages, and refs that name commits, in a store.

`store` is a folder, "s3://BUCKET/PREFIX" or "rados://POOL/NAMESPACE". Any number of processes use
one at once, beside collectors. `read_only`: nothing is written, for keys that may not. What is read
is compared with its hash before anything sees it; that is no reason to trust whoever pushed it.

Errors: NotMappedError (there is none: create() makes one), InputOutputError, UnsupportedError (this
build has no such store), BadArgumentError (the URL, no keys).)");
  make_by<RepositoryObject>("Repository", open_repository, py::arg("store"), py::kw_only(),
                            py::arg("read_only") = false);
  kind.def_static("create", create_repository, py::arg("store"), R"(create(store)
--

Makes an empty one; a folder is made if it is not there. Error: AlreadyExistsError.)");
  define_names(kind);
  define_travel(kind);
  define_repository_care(kind);
  show_closed(kind, "closed");
  kind.def(
      "__repr__",
      [](const RepositoryObject& self) {
        if (self.is_closed()) return "<cleave.Repository, closed>";
        return self.is_here() ? "<cleave.Repository>" : "<cleave.Repository of the parent process>";
      },
      "__repr__(self)\n--\n\n");
  close_by_with(kind);
}

}  // namespace cleave::python

#endif
