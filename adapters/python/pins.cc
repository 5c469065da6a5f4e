// Memory for devices: pins and holds, and an arena's second address.
#include "adapters/python/pins.h"

#include <optional>
#include <string>

#include <pybind11/stl.h>

#include "adapters/python/arena.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/bitmap.h"
#include "adapters/python/runtime/bytes.h"
#include "adapters/python/runtime/counted.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"
#include "adapters/python/runtime/piece.h"

namespace cleave::python {
namespace {

std::span<std::byte> span_of(const iovec& piece) {
  return {static_cast<std::byte*>(piece.iov_base), piece.iov_len};
}

py::tuple pin_pieces(const py::object& self) {
  auto& object = self.cast<PinObject&>();
  const auto pin = object.get();
  py::list views;
  std::visit(
      [&](const auto& each) {
        for (const iovec& piece : each.pieces()) {
          views.append(py::memoryview(
              make_piece(span_of(piece), object.is_read_only(), self, &object.lending(), pin)));
        }
      },
      *pin);
  return py::tuple(views);
}

std::uint64_t pin_size(const PinObject& self) {
  return std::visit([](const auto& pin) { return pin.size().value; }, *self.get());
}

py::tuple hold_pieces(const py::object& self) {
  auto& object = self.cast<HoldObject&>();
  const auto hold = object.get();
  struct Kept {
    std::shared_ptr<Hold> hold;
    HoldView view;
  };
  const auto kept =
      keep(Kept{hold, value_of(without_gil([&] { return std::as_const(*hold).view(); }))});
  py::list views;
  for (const iovec& piece : kept->view.pieces()) {
    views.append(py::memoryview(make_piece(span_of(piece), true, self, &object.lending(), kept)));
  }
  return py::tuple(views);
}

py::bytes read_hold(const HoldObject& self, std::optional<Whole> start, std::optional<Whole> size) {
  const auto hold = self.get();
  const std::uint64_t first = raw(hold->address()) - self.origin();
  const std::uint64_t end = first + hold->size().value;
  const std::uint64_t from = start ? start->value : first;
  const std::uint64_t most = from < end ? end - from : 0;
  const std::uint64_t bytes = size ? size->value : most;
  if (from < first || from > end || bytes > most) {
    raise_with("bad_argument", "the range does not lie inside what is held");
  }
  return read_bytes(*hold, Address{self.origin() + from}, bytes);
}

std::string show_memory(const char* what, bool here, bool closed, std::uint64_t bytes) {
  std::string text = std::string("<cleave.") + what;
  if (closed) return text + ", released>";
  if (!here) return text + " of the parent process>";
  return text + " of " + counted(bytes, "byte") + ">";
}

void define_pin(py::module_& module) {
  auto kind = define<PinObject>(module, "Pin", R"(A device's claim to bytes of a space or an arena.

The owner and the device see the same memory while it lives. Space.pin() and Arena.pin() give one;
it is a context manager, which releases.)");
  kind.def_property_readonly("pieces", pin_pieces, R"(The pinned bytes, in order: a tuple of
memoryviews, for os.readv, os.preadv, os.pwritev and their like. Read-only for access "read".)");
  kind.def_property_readonly("size", pin_size, "Bytes pinned.");
  kind.def("release", &PinObject::close, R"(release(self)
--

Lets go now; again: nothing. BufferError: a view of a piece is in use.)");
  show_closed(kind, "released");
  kind.def(
      "__repr__",
      [](const PinObject& self) {
        const bool there = self.is_here() && !self.is_closed();
        return show_memory("Pin", self.is_here(), self.is_closed(), there ? pin_size(self) : 0);
      },
      "__repr__(self)\n--\n\n");
  close_by_with(kind);
}

void define_hold(py::module_& module) {
  auto kind = define<HoldObject>(module, "Hold", R"(Bytes as they were when the hold was taken.

Later writers copy away from it. Space.hold() and Arena.hold() give one; it is a context manager,
which releases. It counts as its maker does: addresses of a space, offsets in an arena.)");
  kind.def("read", read_hold, py::arg("start") = py::none(), py::arg("size") = py::none(),
           R"(read(self, start=None, size=None)
--

`size` held bytes from `start` on; all of them without arguments. Error: BadArgumentError (not
inside what is held).)");
  kind.def_property_readonly("pieces", hold_pieces, R"(The held bytes where they lie, in order: a
tuple of read-only memoryviews, for os.writev and os.pwritev.)");
  kind.def_property_readonly(
      "start", [](const HoldObject& self) { return raw(self.get()->address()) - self.origin(); },
      "Where the first byte held lies: an address of a space, an offset in an arena.");
  kind.def_property_readonly(
      "size", [](const HoldObject& self) { return self.get()->size().value; }, "Bytes held.");
  kind.def("release", &HoldObject::close, R"(release(self)
--

Lets go now; again: nothing. BufferError: a view of a piece is in use.)");
  show_closed(kind, "released");
  kind.def(
      "__repr__",
      [](const HoldObject& self) {
        const bool there = self.is_here() && !self.is_closed();
        return show_memory("Hold", self.is_here(), self.is_closed(),
                           there ? self.get()->size().value : 0);
      },
      "__repr__(self)\n--\n\n");
  close_by_with(kind);
}

void mark_pages_dirty(const ArenaObject& self, const py::object& bitmap, Whole offset) {
  const auto arena = self.get();
  const Bitmap pages(bitmap);
  const auto from = self.part(*arena, offset, std::nullopt);
  if (offset.value % kPageSize != 0) {
    raise_with("bad_argument", "the bitmap does not begin at a page's first byte");
  }
  if (pages.end() > from.size() / kPageSize) {
    raise_with("bad_argument", "the bitmap names pages that do not lie inside the arena");
  }
  if (pages.end() != 0) arena->mark_dirty(from.data(), pages.words());
}

}  // namespace

void PinObject::close() {
  lending_.expect_none("pin");
  Handle::close();
}

void HoldObject::close() {
  lending_.expect_none("hold");
  Handle::close();
}

void define_pins(py::module_& module) {
  define_pin(module);
  define_hold(module);
}

void define_device(py::class_<ArenaObject>& kind) {
  kind.def_property_readonly(
      "device_view",
      [](const py::object& self) {
        return py::memoryview(self.cast<ArenaObject&>().device_piece(self));
      },
      R"(The same bytes at a second address, as a new writable memoryview: for a device that finds
out by itself which pages it has written, such as a virtual machine.

No write there is tracked: mark_dirty() or mark_pages_dirty() has to tell of it before the next
commit(), checkout(), hold() or changes(), else it counts as unchanged. It promises nothing of what
a pin does: a checkout changes what is there. While a view, or an array over it, is in use, the
arena cannot be closed.)");
  kind.def("mark_pages_dirty", mark_pages_dirty, py::arg("bitmap"), py::arg("offset") = 0,
           R"(mark_pages_dirty(self, bitmap, offset=0)
--

Says that the pages which a bitmap names were written, or are about to be.

`bitmap`: a buffer of whole words of 64 bits, such as the kernel writes for KVM_GET_DIRTY_LOG; bit b
of word w means page 64 w + b, counted from `offset`, a page's first byte. Error: BadArgumentError
(not whole words, not a page's first byte, pages outside of the arena); then no page is marked.)");
}

}  // namespace cleave::python
