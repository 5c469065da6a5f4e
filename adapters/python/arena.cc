#include "adapters/python/arena.h"

#include <string>

#include <pybind11/stl.h>

#include "adapters/python/pins.h"
#include "adapters/python/pool.h"
#include "adapters/python/runtime/choice.h"
#include "adapters/python/runtime/counted.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"
#include "adapters/python/runtime/piece.h"

namespace cleave::python {
namespace {

using ArenaKind = py::class_<ArenaObject>;

std::unique_ptr<ArenaObject> make_arena(const PoolObject& pool, Whole size,
                                        const std::string& tracking, bool system_calls_write,
                                        bool catch_writers, bool catch_waiters, bool catch_unseen,
                                        const ArenaObject* joins) {
  const auto from = pool.get();
  const auto joined = joins == nullptr ? nullptr : joins->get();
  ArenaOptions options;
  options.tracking = tracking_word(tracking);
  options.system_calls_write = system_calls_write;
  options.catch_writers = catch_writers;
  options.catch_waiters = catch_waiters;
  options.catch_unseen = catch_unseen;
  options.joins = joined.get();
  return std::make_unique<ArenaObject>(
      value_of(without_gil([&] { return Arena::create(*from, size.value, options); })));
}

py::object arena_statistics(const ArenaObject& self) {
  const ArenaStatistics now = self.get()->statistics();
  return py::module_::import("cleave._records")
      .attr("ArenaStatistics")(name(now.tracking), now.commits, now.living, now.recorded,
                               now.restored, now.short_pins, now.long_pins);
}

void define_memory(ArenaKind& kind) {
  kind.def_property_readonly(
      "memory",
      [](const py::object& self) { return py::memoryview(self.cast<ArenaObject&>().piece(self)); },
      R"(The whole memory as a new writable memoryview of bytes: for NumPy as
`np.frombuffer(arena.memory, dtype)` or `np.ndarray(shape, dtype, buffer=arena.memory)`.

A checkout changes what is there, in place. While a view, or an array over it, is in use, the arena
cannot be closed. memoryview(arena) is the same, but then the memory stays until `arena` goes.)");
  kind.def_property_readonly(
      "size", [](const ArenaObject& self) { return self.get()->size().value; },
      "Bytes: whole pages.");
  kind.def(
      "__len__", [](const ArenaObject& self) { return self.get()->size().value; },
      "__len__(self)\n--\n\n");
  kind.def_property_readonly(
      "address", [](const ArenaObject& self) { return self.get() ? self.place().address : 0; },
      "Where the memory lies in this process.");
  kind.def(
      "mark_dirty",
      [](const ArenaObject& self, Whole offset, std::optional<Whole> size) {
        const auto arena = self.get();
        const auto part = self.part(*arena, offset, size);
        if (!part.empty()) arena->mark_dirty(part.data(), part.size());
      },
      py::arg("offset") = 0, py::arg("size") = py::none(), R"(mark_dirty(self, offset=0, size=None)
--

Says that these bytes are about to be written: up to the end without a size.

"software" tracking needs it for every write; with "sigbus" and "mprotect" it spares the fault.
Error: BadArgumentError (not inside the arena).)");
  kind.def(
      "fetch",
      [](const ArenaObject& self, Whole offset, std::optional<Whole> size) {
        const auto arena = self.get();
        const auto part = self.part(*arena, offset, size);
        return value_of(
            without_gil([&] { return arena->fetch(part.data(), ByteCount{part.size()}); }));
      },
      py::arg("offset") = 0, py::arg("size") = py::none(), R"(fetch(self, offset=0, size=None)
--

Has these bytes be here, of an arena whose pages come when they are touched (LazyArena); how many
pages came. A system call may use them then, which brings none by itself. Errors: InputOutputError
(`address`: of a page that cannot be had), BadArgumentError (not inside the arena).)");
  kind.def_property_readonly(
      "missing", [](const ArenaObject& self) { return self.get()->missing(); },
      "Pages that are still to come, of an arena whose pages come when they are touched; else 0.");
  kind.def(
      "pin",
      [](const ArenaObject& self, Whole offset, std::optional<Whole> size,
         const std::string& access, const std::string& term) {
        const auto arena = self.get();
        const PinAccess how = pin_access_named(access);
        const PinTerm lasting = pin_term_named(term);
        const auto part = self.part(*arena, offset, size);
        return std::make_unique<PinObject>(
            value_of(
                without_gil([&] { return arena->pin(part.data(), part.size(), how, lasting); })),
            how);
      },
      py::arg("offset") = 0, py::arg("size") = py::none(), py::kw_only(),
      py::arg("access") = "write", py::arg("term") = "short",
      R"(pin(self, offset=0, size=None, *, access="write", term="short")
--

The same bytes at another address, for a device or a system call, while commits are made: a Pin.

What is pinned for "write" counts as changed at every commit, and no checkout may change it.
Errors: BadArgumentError (not inside the arena, empty), OutOfMemoryError.)");
  kind.def(
      "hold",
      [](const ArenaObject& self, Whole offset, std::optional<Whole> size) {
        const auto arena = self.get();
        const auto part = self.part(*arena, offset, size);
        return std::make_unique<HoldObject>(
            value_of(without_gil([&] { return arena->hold(part.data(), part.size()); })),
            self.place().address);
      },
      py::arg("offset") = 0, py::arg("size") = py::none(), R"(hold(self, offset=0, size=None)
--

What the bytes are now, whatever is written later: a Hold. Copies the changed pages of the range.

No thread may write to the arena meanwhile. Errors: as pin().)");
}

void define_about(ArenaKind& kind) {
  kind.def("statistics", arena_statistics, R"(statistics(self)
--

What the arena has done and keeps: an ArenaStatistics.)");
  kind.def_property_readonly(
      "tracking", [](const ArenaObject& self) { return name(self.get()->statistics().tracking); },
      R"(What finds changed pages now: "async", "sigbus", "mprotect" or "software".)");
  kind.def_property_readonly(
      "tracking_reason", [](const ArenaObject& self) { return self.get()->tracking_reason(); },
      "Why it does: what was tried before, and did not work here.");
  kind.def("close", &ArenaObject::close, R"(close(self)
--

Gives up the arena; again: nothing. Its commits, pins and holds stay.

BufferError: a memoryview or NumPy array over the memory is in use.)");
  show_closed(kind, "closed");
  kind.def(
      "__repr__",
      [](const ArenaObject& self) -> std::string {
        if (self.is_closed()) return "<cleave.Arena, closed>";
        if (!self.is_here()) return "<cleave.Arena of the parent process>";
        const auto arena = self.get();
        const Commit head = arena->head();
        std::string at = head.name().empty()
                             ? "commit " + std::to_string(head.number())
                             : py::repr(py::str(std::string(head.name()))).cast<std::string>();
        return "<cleave.Arena of " + counted(arena->size().value, "byte") + ", at " + at + ">";
      },
      "__repr__(self)\n--\n\n");
}

}  // namespace

ArenaObject::ArenaObject(Arena&& arena)
    : Handle("arena", std::move(arena)),
      place_{reinterpret_cast<std::uintptr_t>(get()->data()), get()->size().value} {}

ArenaObject::ArenaObject(std::shared_ptr<Arena> arena)
    : Handle("arena", std::move(arena)),
      place_{reinterpret_cast<std::uintptr_t>(get()->data()), get()->size().value} {}

ArenaObject::ArenaObject(Arena&& arena, std::shared_ptr<Contents> owner)
    : ArenaObject(std::move(arena)) {
  taken_ = std::move(owner);
}

ArenaObject::~ArenaObject() {
  if (taken_ == nullptr) return;
  kept_.reset();
  Handle::close();
}

py::object ArenaObject::piece(py::object self) {
  const auto arena = get();
  return make_piece(arena->memory(), false, std::move(self), &lending_, arena);
}

py::object ArenaObject::device_piece(py::object self) {
  const auto arena = get();
  return make_piece(arena->device_view(), false, std::move(self), &lending_, arena);
}

int ArenaObject::give_buffer(PyObject* self, Py_buffer* view, int flags) {
  const py::object lent = piece(py::reinterpret_borrow<py::object>(self));
  if (PyObject_GetBuffer(lent.ptr(), view, flags) != 0) return -1;
  if (kept_ == nullptr) {
    kept_ = get();
    kept_memory_.emplace(kept_->memory(), nullptr);
  }
  return 0;
}

void ArenaObject::close() {
  lending_.expect_none("arena");
  Handle::close();
}

std::span<std::byte> ArenaObject::part(const Arena& arena, Whole offset,
                                       std::optional<Whole> size) const {
  const auto all = arena.memory();
  if (offset.value > all.size() || (size && size->value > all.size() - offset.value)) {
    raise_with("bad_argument", "the range does not lie inside the arena");
  }
  return all.subspan(offset.value, size ? size->value : all.size() - offset.value);
}

void define_arena(py::module_& module) {
  auto kind = define<ArenaObject>(
      module, "Arena",
      "Arena(pool, size, *, tracking=\"automatic\", system_calls_write=True, catch_writers=False, "
      "catch_waiters=False, catch_unseen=False, joins=None)"
      R"(
--

Native memory whose whole contents can be committed, and checked out again.

A writable buffer of `size` bytes (rounded up to pages), all zeroes at first; `pool` holds what
commits record. While commit(), hold() and changes() run, no thread may write to the memory; while
checkout() and revert() run, no thread may touch it: threads that share an arena share a lock.
It is a context manager, which closes.

`tracking`: how changed pages are found: "automatic", "async", "sigbus", "mprotect" or "software".
`system_calls_write=False`: no system call (readinto, recv_into) writes into the memory unless it
is pinned. `catch_writers`: stop a thread that breaks the rule above. `catch_waiters`:
refuse to commit while a thread waits in the memory, or has its stack there. `catch_unseen`: refuse
where a page has changed and tracking did not see it. All three are dear, for debugging.
`joins`: an arena whose history this one is to share: what either commits, checks out, reverts or
names is of both from then on, and a checkout that one refuses changes none.

Errors: BadArgumentError (also: to join an arena whose commits lie in another pool),
OutOfMemoryError, UnsupportedError (the tracking).)");
  make_by<ArenaObject>("Arena", make_arena, py::arg("pool"), py::arg("size"), py::kw_only(),
                       py::arg("tracking") = "automatic", py::arg("system_calls_write") = true,
                       py::arg("catch_writers") = false, py::arg("catch_waiters") = false,
                       py::arg("catch_unseen") = false, py::arg("joins") = py::none());
  define_memory(kind);
  define_device(kind);
  define_history(kind);
  define_take_over(module, kind);
  define_about(kind);
  close_by_with(kind);
}

}  // namespace cleave::python
