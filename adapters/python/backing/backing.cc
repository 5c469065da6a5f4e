#include "adapters/python/backing/backing.h"

#include <optional>
#include <string>
#include <utility>

#include <pybind11/stl.h>

#ifdef CLEAVE_PYTHON_BACKING
#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>
#endif

#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/counted.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"

namespace cleave::python {
namespace {

/// What a pool gets.
class Shared final : public Backing {
 public:
  explicit Shared(std::shared_ptr<Backing> backing) : backing_(std::move(backing)) {}

  [[nodiscard]] std::uint64_t most_pages() const noexcept override {
    return backing_->most_pages();
  }
  Result<void> put(std::span<const std::byte* const> pages, std::span<Place> places) override {
    return backing_->put(pages, places);
  }
  Result<void> get(std::span<const Place> places, std::span<std::byte* const> into) override {
    return backing_->get(places, into);
  }
  void drop(Place place) noexcept override { backing_->drop(place); }
  [[nodiscard]] BackingStatistics statistics() const noexcept override {
    return backing_->statistics();
  }

 private:
  std::shared_ptr<Backing> backing_;
};

#ifdef CLEAVE_PYTHON_BACKING

std::unique_ptr<SwapFileObject> make_swap_file(Whole size, const std::string& directory,
                                               unsigned depth, bool write_at_open) {
  const SwapFileOptions options{size.value, directory, depth, write_at_open};
  return std::make_unique<SwapFileObject>(
      value_of(without_gil([&] { return swap_file(options); })));
}

std::unique_ptr<CompressedMemoryObject> make_compressed(Whole size, const py::object& next,
                                                        Whole pages) {
  BackingObject* const below = backing_in(next);
  CompressedOptions options;
  options.bytes = size.value;
  options.pages = pages.value;
  if (below != nullptr) options.next = below->give_away();
  return std::make_unique<CompressedMemoryObject>(
      value_of(without_gil([&] { return compressed(std::move(options)); })));
}

#else

[[noreturn]] void raise_not_built() {
  raise_with("unsupported",
             "this module was built without the library of backings: install liblz4-dev and "
             "libxxhash-dev, and build it again");
}
std::unique_ptr<SwapFileObject> make_swap_file(Whole, const std::string&, unsigned, bool) {
  raise_not_built();
}
std::unique_ptr<CompressedMemoryObject> make_compressed(Whole, const py::object&, Whole) {
  raise_not_built();
}

#endif

template <class Object>
py::object backing_statistics(const Object& self) {
  const BackingStatistics now = (*self.get())->statistics();
  return py::module_::import("cleave._records")
      .attr("BackingStatistics")(now.pages, now.capacity, now.compressed_pages,
                                 now.compressed_bytes, now.disk_bytes, now.written, now.read,
                                 now.direct, now.ring);
}

template <class Object>
void define_common(py::class_<Object>& kind, const char* name) {
  kind.def("statistics", backing_statistics<Object>, R"(statistics(self)
--

What it holds now: a BackingStatistics. Also once a pool has it, and after the pool has gone.)");
  kind.def("close", &Object::close, R"(close(self)
--

Lets go of the handle; again: nothing. A pool that has the backing keeps it.)");
  show_closed(kind, "closed");
  kind.def(
      "__repr__",
      [name = std::string(name)](const Object& self) {
        if (self.is_closed()) return "<cleave." + name + ", closed>";
        if (!self.is_here()) return "<cleave." + name + " of the parent process>";
        const std::uint64_t pages = (*self.get())->statistics().pages;
        return "<cleave." + name + ": " + counted(pages, "page") + ">";
      },
      "__repr__(self)\n--\n\n");
  close_by_with(kind);
}

}  // namespace

std::unique_ptr<Backing> BackingObject::give_away() {
  const auto backing = get();
  if (std::exchange(given_away_, true)) {
    throw py::value_error("the backing has been given away; each takes the pages of one pool");
  }
  return std::make_unique<Shared>(*backing);
}

BackingObject* backing_in(const py::object& object) {
  if (object.is_none()) return nullptr;
  if (py::isinstance<SwapFileObject>(object)) return &object.cast<SwapFileObject&>();
  if (py::isinstance<CompressedMemoryObject>(object)) {
    return &object.cast<CompressedMemoryObject&>();
  }
  throw py::type_error("a backing is a cleave.SwapFile or a cleave.CompressedMemory");
}

void define_backings(py::module_& module) {
  auto file =
      define<SwapFileObject>(module, "SwapFile",
                             R"(SwapFile(size, directory="", *, depth=32, write_at_open=False)
--

A file without a name for pages that a pool has no memory for: `size` bytes, taken from the disk.

It lies in `directory`, else in $TMPDIR, else in /var/tmp, and goes with the process, however that
ends. `depth` requests are with the disk at a time. Errors: BadArgumentError, InputOutputError (no
such directory, or the disk is full), OutOfMemoryError, UnsupportedError.)");
  make_by<SwapFileObject>("SwapFile", make_swap_file, py::arg("size"), py::arg("directory") = "",
                          py::kw_only(), py::arg("depth") = 32, py::arg("write_at_open") = false);
  define_common(file, "SwapFile");
  auto memory = define<CompressedMemoryObject>(module, "CompressedMemory",
                                               R"(CompressedMemory(size, next=None, *, pages=0)
--

Pages compressed in `size` bytes of memory, by LZ4. `next` is a backing for what does not compress,
and for the oldest pages when the memory is full; it is given away.

`pages` is how many there may be at most, those of `next` included; 0: what is likely to fit.
Errors: BadArgumentError, OutOfMemoryError, UnsupportedError.)");
  make_by<CompressedMemoryObject>("CompressedMemory", make_compressed, py::arg("size"),
                                  py::arg("next") = py::none(), py::kw_only(),
                                  py::arg("pages") = 0);
  define_common(memory, "CompressedMemory");
}

}  // namespace cleave::python
