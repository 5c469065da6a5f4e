#ifdef CLEAVE_PYTHON_IMAGE

#include "adapters/python/image/lazy.h"

#include <chrono>
#include <cmath>
#include <string>

#include <pybind11/stl.h>

#include "adapters/python/arena.h"
#include "adapters/python/backing/backing.h"
#include "adapters/python/image/image.h"
#include "adapters/python/image/pushed.h"
#include "adapters/python/image/store.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/choice.h"
#include "adapters/python/runtime/counted.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"
#include "adapters/python/space.h"

namespace cleave::python {
namespace {

std::unique_ptr<LazyImagesObject> open_lazy_images(const py::object& store, Whole memory,
                                                   const py::object& next, Whole pages, bool lease,
                                                   bool read_only) {
  const std::string name = store_name(store);
  BackingObject* const beyond = backing_in(next);
  LazyOptions options;
  options.memory = memory.value;
  options.pages = pages.value;
  options.lease = lease;
  if (beyond != nullptr) options.next = beyond->give_away();
  return std::make_unique<LazyImagesObject>(value_of(without_gil([&]() -> Result<LazyImages> {
    auto opened = store_named(name, false, read_only);
    if (!opened) return tl::unexpected(opened.error());
    return LazyImages::open(std::move(*opened), std::move(options));
  })));
}

std::unique_ptr<LazyCheckoutObject> checkout_lazily(const LazyImagesObject& self,
                                                    const std::string& commit) {
  const auto images = self.get();
  const ImageId id = image_id(commit);
  return std::make_unique<LazyCheckoutObject>(
      "lazy checkout", value_of(images->use([&](LazyImages& use) { return use.checkout(id); })));
}

std::unique_ptr<LazyArenaObject> checkout_arena_lazily(const LazyImagesObject& self,
                                                       const std::string& commit,
                                                       const std::string& tracking,
                                                       double patience) {
  if (!(patience >= 0 && patience <= 1e9)) {
    throw py::value_error("patience is a number of seconds, from 0 to 1e9");
  }
  const auto images = self.get();
  const ImageId id = image_id(commit);
  LazyArenaOptions options;
  options.arena.tracking = tracking_word(tracking);
  options.patience = std::chrono::milliseconds(std::llround(patience * 1000));
  return std::make_unique<LazyArenaObject>(
      "lazy arena",
      value_of(images->use([&](LazyImages& use) { return use.checkout_arena(id, options); })));
}

py::object show_progress(const LazyProgress& now) {
  return py::module_::import("cleave._records").attr("LazyProgress")(now.pages, now.had);
}

template <class Object>
py::class_<Object> define_lazy(py::module_& module, const char* name, const char* text) {
  auto kind = define<Object>(module, name, text);
  kind.def_property_readonly(
      "commit", [](const Object& self) { return self.get()->commit().hex(); },
      "The commit's id: a str of 64 digits.");
  kind.def(
      "recall",
      [](const Object& self) {
        const auto lazy = self.get();
        return value_of(without_gil([&] { return lazy->recall(); }));
      },
      R"(recall(self)
--

Fetches at once the pages that remember() has recorded for this commit, by whomever; how many came.
None were recorded: 0. Errors: InputOutputError, OutOfMemoryError.)");
  kind.def(
      "remember",
      [](const Object& self) {
        const auto lazy = self.get();
        return value_of(without_gil([&] { return lazy->remember(); }));
      },
      R"(remember(self)
--

Records in the repository which pages were touched here or recalled, for recall(); how many there
are. A touch counts when the page comes from the store for it. Errors: InputOutputError,
OutOfMemoryError.)");
  kind.def(
      "complete",
      [](const Object& self) {
        const auto lazy = self.get();
        const std::stop_token until = self.stopped();
        return value_of(without_gil([&] { return lazy->complete(until); }));
      },
      R"(complete(self)
--

Fetches all that is not here yet; how many came. For a thread beside the program's, which comes
first: threading.Thread(target=lazy.complete). stop() and close() end it.)");
  kind.def(
      "stop", [](Object& self) { self.stop(); },
      "stop(self)\n--\n\nHas complete() end soon, in whichever thread, now and from now on.");
  kind.def(
      "progress", [](const Object& self) { return show_progress(self.get()->progress()); },
      "progress(self)\n--\n\nHow far it is: a LazyProgress.");
  kind.def(
      "pushed",
      [](const Object& self) {
        const auto lazy = self.get();
        return std::make_unique<PushedObject>(
            value_of(without_gil([&] { return lazy->pushed(); })));
      },
      R"(pushed(self)
--

The commit as if it had been pushed from here: with it as Repository.push(since=...) only what has
changed is looked at, and no page of the rest is fetched. At any time: a PushedImage. Errors:
InputOutputError, OutOfMemoryError.)");
  kind.def("close", &Object::close, R"(close(self)
--

Lets go of it; again: nothing. What was made from it stays usable.)");
  show_closed(kind, "closed");
  close_by_with(kind);
  kind.def(
      "__repr__",
      [of = std::string(name)](const Object& self) {
        if (self.is_closed()) return "<cleave." + of + ", closed>";
        if (!self.is_here()) return "<cleave." + of + " of the parent process>";
        const LazyProgress now = self.get()->progress();
        return "<cleave." + of + " of " + self.get()->commit().hex().substr(0, 12) + ": " +
               std::to_string(now.had) + " of " + counted(now.pages, "page") + ">";
      },
      "__repr__(self)\n--\n\n");
  return kind;
}

}  // namespace

void define_lazy_images(py::module_& module) {
  auto checkout = define_lazy<LazyCheckoutObject>(
      module, "LazyCheckout", R"(A space whose pages come from a repository when they are touched.

LazyImages.checkout() gives one. What cannot be had is an InputOutputError of the access that needs
it, with the page's address, again and again until it can.)");
  checkout.def_property_readonly(
      "space",
      [](const LazyCheckoutObject& self) {
        const auto lazy = self.get();
        return std::make_unique<SpaceObject>(std::shared_ptr<Space>(lazy, &lazy->space()));
      },
      "The Space.");
  auto arena = define_lazy<LazyArenaObject>(
      module, "LazyArena", R"(An arena whose pages come from a repository when they are touched.

LazyImages.checkout_arena() gives one. A page that cannot be had ends the access in SIGBUS, with a
line on standard error: a program that is to go on fetches before (Arena.fetch).)");
  arena.def_property_readonly(
      "arena",
      [](const LazyArenaObject& self) {
        const auto lazy = self.get();
        return std::make_unique<ArenaObject>(std::shared_ptr<Arena>(lazy, &lazy->arena()));
      },
      "The Arena.");

  auto images = define<LazyImagesObject>(
      module, "LazyImages",
      R"(LazyImages(store, memory, *, next=None, pages=4194304, lease=True, read_only=False)
--

A repository, as Repository() names one, and a pool of `memory` bytes whose pages it has.

Pages that were only read can go and be had again, so that it may be less than the images take.
`next`: a SwapFile or CompressedMemory for pages that were written, which is given away. `pages`:
how many of images there can be. `lease`: a collector keeps what is read here; without, nothing is
written to the store. Errors: as Repository(), OutOfMemoryError.)");
  make_by<LazyImagesObject>("LazyImages", open_lazy_images, py::arg("store"), py::arg("memory"),
                            py::kw_only(), py::arg("next") = py::none(),
                            py::arg("pages") = std::uint64_t{1} << 22, py::arg("lease") = true,
                            py::arg("read_only") = false);
  images.def(
      "resolve",
      [](const LazyImagesObject& self, const std::string& text) {
        const auto use = self.get();
        return value_of(use->use([&](LazyImages& of) { return of.resolve(text); })).hex();
      },
      py::arg("text"), R"(resolve(self, text)
--

As Repository.resolve().)");
  images.def("checkout", checkout_lazily, py::arg("commit"), R"(checkout(self, commit)
--

A LazyCheckout of a commit, by its id; no page is read. While another of that commit lives that was
made here, they share a lease, pages that have come, progress() and what was touched. Errors:
InputOutputError, OutOfMemoryError.)");
  images.def("checkout_arena", checkout_arena_lazily, py::arg("commit"), py::kw_only(),
             py::arg("tracking") = "automatic", py::arg("patience") = 60.0,
             R"(checkout_arena(self, commit, *, tracking="automatic", patience=60.0)
--

A LazyArena of a commit, at the address where it was. After `patience` seconds without its page an
access ends in SIGBUS. Errors: as Repository.checkout_arena(), UnsupportedError (the kernel, or the
tracking).)");
  images.def("close", &LazyImagesObject::close, R"(close(self)
--

Lets go of it; again: nothing. What was made from it stays usable.)");
  show_closed(images, "closed");
  close_by_with(images);
  images.def(
      "__repr__",
      [](const LazyImagesObject& self) {
        if (self.is_closed()) return "<cleave.LazyImages, closed>";
        return self.is_here() ? "<cleave.LazyImages>" : "<cleave.LazyImages of the parent process>";
      },
      "__repr__(self)\n--\n\n");
}

}  // namespace cleave::python

#endif
