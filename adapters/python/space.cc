#include "adapters/python/space.h"

#include <optional>
#include <string>

#include <pybind11/stl.h>

#include "adapters/python/pins.h"
#include "adapters/python/pool.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/bytes.h"
#include "adapters/python/runtime/choice.h"
#include "adapters/python/runtime/counted.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/gil.h"
#include "adapters/python/runtime/kind.h"
#include "adapters/python/snapshot.h"

namespace cleave::python {
namespace {

using SpaceKind = py::class_<SpaceObject>;

std::unique_ptr<SpaceObject> make_space(const PoolObject& pool) {
  return std::make_unique<SpaceObject>(value_of(Space::create(*pool.get())));
}

std::uint64_t map_region(const SpaceObject& self, Whole size, std::optional<Whole> at,
                         const std::string& protection) {
  const auto space = self.get();
  const Protection allowed = protection_named(protection);
  if (!at) return raw(value_of(without_gil([&] { return space->map(size.value, allowed); })));
  const Address to{at->value};
  value_of(without_gil([&] { return space->map_at(to, size.value, allowed); }));
  return at->value;
}

py::bytes read_space(const SpaceObject& self, Whole address, Whole size) {
  return read_bytes(*self.get(), Address{address.value}, size.value);
}

void read_space_into(const SpaceObject& self, Whole address, const py::object& buffer) {
  const auto space = self.get();
  const Contents into(buffer, Contents::For::writing);
  const Address at{address.value};
  value_of(reading(*space, at, into.bytes().size(), [&] { return space->read(at, into.bytes()); }));
}

// Where there is a backing, other pages may have to go there first, wherever these are.
void write_space(const SpaceObject& self, Whole address, const py::object& data) {
  const auto space = self.get();
  const Contents from(data, Contents::For::reading);
  const Address at{address.value};
  const auto write = [&] { return space->write(at, from.bytes()); };
  const bool is_short = from.bytes().size() < kWorthReleasing && !space->pool().has_backing();
  value_of(is_short ? write() : without_gil(write));
}

py::list diff_space(const SpaceObject& self, const py::object& other) {
  const auto space = self.get();
  std::optional<Snapshot> theirs;
  if (py::isinstance<SpaceObject>(other)) {
    const auto second = other.cast<const SpaceObject&>().get();
    theirs = value_of(without_gil([&] { return second->snapshot(); }));
  } else if (!py::isinstance<SnapshotObject>(other)) {
    throw py::type_error("expected a cleave.Space or a cleave.Snapshot");
  } else {
    theirs = *other.cast<const SnapshotObject&>().get();
  }
  const Snapshot ours = value_of(without_gil([&] { return space->snapshot(); }));
  return differing(ours, *theirs);
}

void define_regions(SpaceKind& kind) {
  kind.def("map", map_region, py::arg("size"), py::arg("at") = py::none(), py::kw_only(),
           py::arg("protection") = "read_write",
           R"(map(self, size, at=None, *, protection="read_write")
--

Maps `size` bytes (rounded up to pages) of zeroes, and says at which address.

`at`: where, a multiple of 4096; None: where there is room. `protection`: "none", "read" or
"read_write". Takes memory only as pages are written. Errors: BadArgumentError, AlreadyMappedError,
OutOfMemoryError.)");
  kind.def(
      "unmap",
      [](const SpaceObject& self, Whole address, Whole size) {
        const auto space = self.get();
        value_of(without_gil([&] { return space->unmap(Address{address.value}, size.value); }));
      },
      py::arg("address"), py::arg("size"), R"(unmap(self, address, size)
--

Unmaps whatever is mapped there. Errors: BadArgumentError, OutOfMemoryError.)");
  kind.def(
      "protect",
      [](const SpaceObject& self, Whole address, Whole size, const std::string& protection) {
        const auto space = self.get();
        const Protection allowed = protection_named(protection);
        value_of(without_gil(
            [&] { return space->protect(Address{address.value}, size.value, allowed); }));
      },
      py::arg("address"), py::arg("size"), py::arg("protection"),
      R"(protect(self, address, size, protection)
--

Allows "none", "read" or "read_write" there. Errors: BadArgumentError, NotMappedError,
OutOfMemoryError.)");
  kind.def(
      "discard",
      [](const SpaceObject& self, Whole address, Whole size) {
        const auto space = self.get();
        value_of(without_gil([&] { return space->discard(Address{address.value}, size.value); }));
      },
      py::arg("address"), py::arg("size"), R"(discard(self, address, size)
--

Makes the pages zeroes that take no memory. Errors: BadArgumentError, NotMappedError,
NotPermittedError, OutOfMemoryError.)");
  kind.def(
      "regions", [](const SpaceObject& self) { return list_regions(*self.get()); },
      R"(regions(self)
--

The mapped ranges: a list of Region, in order of address.)");
}

void define_contents(SpaceKind& kind) {
  kind.def("read", read_space, py::arg("address"), py::arg("size"), R"(read(self, address, size)
--

`size` bytes from `address` on. Pages never written are zeroes.

Errors: NotMappedError, NotPermittedError (`address`: the first byte that cannot be read),
BadArgumentError (beyond 2**48).)");
  kind.def("read_into", read_space_into, py::arg("address"), py::arg("buffer"),
           R"(read_into(self, address, buffer)
--

Fills a writable contiguous buffer with the bytes from `address` on. Errors: as read(); the bytes
before Error.address have been read then.)");
  kind.def("write", write_space, py::arg("address"), py::arg("data"), R"(write(self, address, data)
--

Writes the bytes of a contiguous buffer to `address`. Errors: as read(), and OutOfMemoryError;
`address` is the first byte not written, and those before it are.)");
}

void define_branching(SpaceKind& kind) {
  kind.def(
      "fork",
      [](const SpaceObject& self) {
        return std::make_unique<SpaceObject>(value_of(self.get()->fork()));
      },
      R"(fork(self)
--

A new space with the same contents; from now on neither sees the other's writes.

Under a microsecond, whatever the size; only pinned pages are copied. Error: OutOfMemoryError.)");
  kind.def(
      "snapshot",
      [](const SpaceObject& self) {
        return std::make_unique<SnapshotObject>(value_of(self.get()->snapshot()));
      },
      R"(snapshot(self)
--

What the space holds now, for good: a Snapshot. Cost and error: as fork().)");
  kind.def(
      "rollback",
      [](const SpaceObject& self, const SnapshotObject& snapshot) {
        const auto space = self.get();
        const auto to = snapshot.get();
        value_of(without_gil([&] { return space->rollback(*to); }));
      },
      py::arg("snapshot"), R"(rollback(self, snapshot)
--

Makes contents and regions those of `snapshot`. Errors: BadArgumentError (of another pool),
PinnedError.)");
  kind.def("diff", diff_space, py::arg("other"), R"(diff(self, other)
--

The addresses at which this space and another one, or a Snapshot, differ now: a list of `range`,
whole pages, in order. Errors: BadArgumentError (different pools), OutOfMemoryError.)");
}

void define_for_devices(SpaceKind& kind) {
  kind.def(
      "pin",
      [](const SpaceObject& self, Whole address, Whole size, const std::string& access,
         const std::string& term) {
        const auto space = self.get();
        const PinAccess how = pin_access_named(access);
        const PinTerm lasting = pin_term_named(term);
        return std::make_unique<PinObject>(
            value_of(without_gil(
                [&] { return space->pin(Address{address.value}, size.value, how, lasting); })),
            how);
      },
      py::arg("address"), py::arg("size"), py::kw_only(), py::arg("access") = "write",
      py::arg("term") = "short", R"(pin(self, address, size, *, access="write", term="short")
--

Coherent access for a device, or a system call: a Pin.

`access`: what the device does, "read" or "write". `term`: "short" (one operation) or "long".
Errors: BadArgumentError, NotMappedError, NotPermittedError, OutOfMemoryError, TooManyPinsError.)");
  kind.def(
      "hold",
      [](const SpaceObject& self, Whole address, Whole size) {
        const auto space = self.get();
        return std::make_unique<HoldObject>(
            value_of(without_gil([&] { return space->hold(Address{address.value}, size.value); })),
            0);
      },
      py::arg("address"), py::arg("size"), R"(hold(self, address, size)
--

What the bytes are now, whatever is written later: a Hold. Errors: BadArgumentError,
NotMappedError, NotPermittedError, OutOfMemoryError.)");
}

}  // namespace

void define_space(py::module_& module) {
  auto kind = define<SpaceObject>(module, "Space", R"(Space(pool)
--

Sparse memory of up to 2**48 bytes that forks in under a microsecond.

Addresses and sizes are bytes; pages have 4096. Any thread may call anything at any time. It is a
context manager, which closes.)");
  make_by<SpaceObject>("Space", make_space, py::arg("pool"));
  define_regions(kind);
  define_contents(kind);
  define_branching(kind);
  define_for_devices(kind);
  kind.def("close", &SpaceObject::close, R"(close(self)
--

Gives up the space; again: nothing. Its snapshots, forks, pins and holds stay.)");
  show_closed(kind, "closed");
  kind.def(
      "__repr__",
      [](const SpaceObject& self) -> std::string {
        if (self.is_closed()) return "<cleave.Space, closed>";
        if (!self.is_here()) return "<cleave.Space of the parent process>";
        std::uint64_t pages = 0;
        self.get()->for_each_region([&](const Region& region) { pages += region.pages.pages(); });
        return "<cleave.Space: " + counted(pages * kPageSize, "byte") + " mapped>";
      },
      "__repr__(self)\n--\n\n");
  close_by_with(kind);
}

}  // namespace cleave::python
