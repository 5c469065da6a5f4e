#include "adapters/python/ring.h"

#include <time.h>

#include <algorithm>
#include <optional>

#include "adapters/python/pool.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"
#include "adapters/python/space.h"

namespace cleave::python {
namespace {

/// A ring serves one thread at a time.
class Turn {
 public:
  explicit Turn(bool& busy) : busy_(busy) {
    if (busy_) throw std::runtime_error("the ring is in use by another thread; make one a thread");
    busy_ = true;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { busy_ = false; }

 private:
  bool& busy_;
};

// Waits for the only transfer. Between looks, Python's signal handlers run; the first looks come
// quickly, since most transfers are short.
Result<ByteCount> await(Ring& ring, TransferId id) {
  constexpr long kLongest = 1'000'000;
  for (long pause = 10'000;; pause = std::min(2 * pause, kLongest)) {
    const auto completion = without_gil([&]() -> std::optional<Completion> {
      if (auto done = ring.poll()) return done;
      const timespec rest{0, pause};
      (void)nanosleep(&rest, nullptr);
      return std::nullopt;
    });
    if (completion) return completion->result;
    if (PyErr_CheckSignals() != 0) {
      (void)ring.cancel(id);
      (void)without_gil([&] { return ring.wait_for(id); });
      throw py::error_already_set();
    }
  }
}

int descriptor_of(const py::object& file) {
  const int descriptor = PyObject_AsFileDescriptor(file.ptr());
  if (descriptor < 0) throw py::error_already_set();
  return descriptor;
}

std::unique_ptr<RingObject> make_ring(const PoolObject& pool) {
  const auto of = pool.get();
  return std::make_unique<RingObject>(value_of(without_gil([&] { return Ring::create(*of); })));
}

std::uint64_t read_into_space(RingObject& self, const SpaceObject& space, Whole address,
                              const py::object& file, Whole size, Whole offset) {
  const auto into = space.get();
  const int descriptor = descriptor_of(file);
  return self.transfer([&](Ring& ring) {
    return ring.start_read(*into, Address{address.value}, descriptor, offset.value, size.value);
  });
}

std::uint64_t write_from_space(RingObject& self, const SpaceObject& space, Whole address,
                               const py::object& file, Whole size, Whole offset) {
  const auto from = space.get();
  const int descriptor = descriptor_of(file);
  return self.transfer([&](Ring& ring) {
    return ring.start_write(*from, Address{address.value}, descriptor, offset.value, size.value);
  });
}

}  // namespace

template <class Start>
std::uint64_t RingObject::transfer(Start&& start) {
  const auto ring = get();
  const Turn turn(busy_);
  const TransferId id = value_of(without_gil([&] { return start(*ring); }));
  return value_of(await(*ring, id)).value;
}

void define_ring(py::module_& module) {
  auto kind = define<RingObject>(module, "Ring", R"(Ring(pool)
--

Files in and out of the spaces of one pool, on io_uring. For one thread at a time.

It is a context manager, which closes. Errors: UnsupportedError (the kernel or a sandbox refuses
io_uring), OutOfMemoryError.)");
  make_by<RingObject>("Ring", make_ring, py::arg("pool"));
  kind.def("read", read_into_space, py::arg("space"), py::arg("address"), py::arg("file"),
           py::arg("size"), py::arg("offset") = 0,
           R"(read(self, space, address, file, size, offset=0)
--

Reads `size` bytes at `offset` of a file (a number, or an object with fileno()) into the space.

Waits until they are there, and says how many there were: fewer only where the file ended. A fork
of the space made meanwhile has what had arrived. Errors: InputOutputError (`errno`),
NotMappedError, NotPermittedError, BadArgumentError, OutOfMemoryError, TooManyPinsError; an
`address` is the first byte not read. Ctrl-C gives the transfer up.)");
  kind.def("write", write_from_space, py::arg("space"), py::arg("address"), py::arg("file"),
           py::arg("size"), py::arg("offset") = 0,
           R"(write(self, space, address, file, size, offset=0)
--

Writes `size` bytes of the space, as they are now, to `offset` of a file; how many.

Waits until the kernel has them; os.fdatasync() puts them on the disk. Errors: as read().)");
  kind.def("close", &RingObject::close, "close(self)\n--\n\nEnds the ring; again: nothing.");
  show_closed(kind, "closed");
  kind.def(
      "__repr__",
      [](const RingObject& self) {
        if (self.is_closed()) return "<cleave.Ring, closed>";
        return self.is_here() ? "<cleave.Ring>" : "<cleave.Ring of the parent process>";
      },
      "__repr__(self)\n--\n\n");
  close_by_with(kind);
}

}  // namespace cleave::python
