#include "adapters/python/snapshot.h"

#include <cleave/space.h>

#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/bytes.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"
#include "adapters/python/runtime/piece.h"
#include "adapters/python/space.h"

namespace cleave::python {
namespace {

py::bytes read_snapshot(const SnapshotObject& self, Whole address, Whole size) {
  return read_bytes(*self.get(), Address{address.value}, size.value);
}

void read_snapshot_into(const SnapshotObject& self, Whole address, const py::object& buffer) {
  const auto snapshot = self.get();
  const Contents into(buffer, Contents::For::writing);
  const Address from{address.value};
  value_of(reading(*snapshot, from, into.bytes().size(),
                   [&] { return snapshot->read(from, into.bytes()); }));
}

py::object view_page(const SnapshotObject& self, Whole address) {
  const auto snapshot = self.get();
  const Address at{address.value};
  const PageView page =
      value_of(reading(*snapshot, at, 1, [&] { return snapshot->view(page_of(at)); }));
  const auto bytes = page.bytes();
  return py::memoryview(make_piece({const_cast<std::byte*>(bytes.data()), bytes.size()}, true,
                                   py::none(), nullptr, snapshot));
}

}  // namespace

py::list differing(const Snapshot& a, const Snapshot& b) {
  Ranges found;
  value_of(without_gil([&] {
    return diff(a, b, [&](PageRange pages) {
      found.add(raw(address_of(pages.first)), pages.pages() * kPageSize);
    });
  }));
  return found.list();
}

void define_snapshot(py::module_& module) {
  auto kind =
      define<SnapshotObject>(module, "Snapshot", R"(What a space held at one moment, for good.

Space.snapshot() and Commit.snapshot give one. It keeps its memory until it is gone.)");
  kind.def("read", read_snapshot, py::arg("address"), py::arg("size"), R"(read(self, address, size)
--

`size` bytes from `address` on. Pages never written are zeroes.

Errors: NotMappedError, NotPermittedError (`address`: the first byte that cannot be read),
BadArgumentError (beyond 2**48).)");
  kind.def("read_into", read_snapshot_into, py::arg("address"), py::arg("buffer"),
           R"(read_into(self, address, buffer)
--

Fills a writable contiguous buffer with the bytes from `address` on. Errors: as read(); the bytes
before Error.address have been read then.)");
  kind.def("view", view_page, py::arg("address"), R"(view(self, address)
--

The page (4096 bytes) that `address` lies in, where it is: a read-only memoryview, without a copy.
It keeps the snapshot. Regions are not asked. Error: BadArgumentError (beyond 2**48).)");
  kind.def(
      "fork",
      [](const SnapshotObject& self) {
        return std::make_unique<SpaceObject>(value_of(self.get()->fork()));
      },
      R"(fork(self)
--

A new space with these contents and regions. Under a microsecond. Error: OutOfMemoryError.)");
  kind.def(
      "diff",
      [](const SnapshotObject& self, const SnapshotObject& other) {
        const auto a = self.get();
        const auto b = other.get();
        return differing(*a, *b);
      },
      py::arg("other"), R"(diff(self, other)
--

The addresses at which two snapshots differ: a list of `range`, whole pages, in order.

What both share is skipped, so that the cost follows what differs. A page that was written with the
bytes that it had counts. Error: BadArgumentError (different pools).)");
  kind.def(
      "regions", [](const SnapshotObject& self) { return list_regions(*self.get()); },
      R"(regions(self)
--

The mapped ranges: a list of Region, in order of address.)");
  kind.def(
      "__repr__",
      [](const SnapshotObject& self) {
        return self.is_here() ? "<cleave.Snapshot>" : "<cleave.Snapshot of the parent process>";
      },
      "__repr__(self)\n--\n\n");
}

}  // namespace cleave::python
