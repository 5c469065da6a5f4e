#include "adapters/python/pool.h"

#include <string>
#include <utility>

#include "adapters/python/backing/backing.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/counted.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/kind.h"

namespace cleave::python {
namespace {

std::unique_ptr<PoolObject> make_pool(Whole budget, const py::object& backing) {
  BackingObject* const beyond = backing_in(backing);
  std::unique_ptr<Backing> given = beyond == nullptr ? nullptr : beyond->give_away();
  return std::make_unique<PoolObject>(
      value_of(without_gil([&] { return Pool::create(budget.value, std::move(given)); })));
}

py::object pool_statistics(const PoolObject& self) {
  const PoolStatistics now = self.get()->statistics();
  return py::module_::import("cleave._records")
      .attr("PoolStatistics")(now.budget, now.used, now.free, now.ready, now.returned,
                              now.untouched, now.nodes, now.regions, now.spaces, now.short_pins,
                              now.long_pins, now.copies, now.zeroed, now.away, now.went, now.came,
                              now.merged);
}

std::string show_pool(const PoolObject& self) {
  if (self.is_closed()) return "<cleave.Pool, closed>";
  if (!self.is_here()) return "<cleave.Pool of the parent process>";
  const PoolStatistics now = self.get()->statistics();
  return "<cleave.Pool: " + std::to_string(now.used) + " of " + counted(now.budget, "page") +
         " used>";
}

}  // namespace

void define_pool(py::module_& module) {
  auto kind = define<PoolObject>(module, "Pool", R"(Pool(budget, backing=None)
--

The memory of spaces, snapshots and commits: up to `budget` bytes, taken as needed.

It lives until the last of the handle and all that was made from it is gone, in whatever order. With
a backing (a SwapFile or CompressedMemory, which is given away) pages go there that have no room in
the budget, and come back when they are touched; what cannot be read back is an InputOutputError.

Errors: BadArgumentError (less than a page, or 16 TiB and more), OutOfMemoryError,
UnsupportedError.)");
  make_by<PoolObject>("Pool", make_pool, py::arg("budget"), py::arg("backing") = py::none());
  kind.def(
      "reserve",
      [](const PoolObject& self, Whole size) {
        const auto pool = self.get();
        value_of(without_gil([&] { return pool->reserve(size.value); }));
      },
      py::arg("size"),
      R"(reserve(self, size)
--

Provides memory for `size` bytes now, so that writes need not wait for the kernel.

About 1 us a page. Error: OutOfMemoryError (the budget, or the machine).)");
  kind.def(
      "trim",
      [](const PoolObject& self) {
        const auto pool = self.get();
        return value_of(without_gil([&] { return pool->trim(); })).value;
      },
      R"(trim(self)
--

Gives the memory of free pages back to the kernel; the number of bytes.)");
  kind.def(
      "evict",
      [](const PoolObject& self, Whole size) {
        const auto pool = self.get();
        return without_gil([&] { return pool->evict(size.value); }).value;
      },
      py::arg("size"), R"(evict(self, size)
--

Has pages worth `size` bytes go to the backing, those first that were not used for longest; the
number of bytes that became free. Without a backing: 0.)");
  kind.def(
      "merge",
      [](const PoolObject& self, Whole size) {
        const auto pool = self.get();
        return value_of(without_gil([&] { return pool->merge(size.value); })).merged;
      },
      py::arg("size"), R"(merge(self, size)
--

Looks at pages worth `size` bytes, from where the last call stopped, and makes one of those that
are equal; the number of pages that became one with another. The first look at a page merges
nothing. Errors: OutOfMemoryError, UnsupportedError (no backing).)");
  kind.def(
      "start_reclaim",
      [](const PoolObject& self, Whole low, Whole high) {
        const auto pool = self.get();
        value_of(without_gil([&] { return pool->start_reclaim({low.value, high.value}); }));
      },
      py::arg("low") = 0, py::arg("high") = 0, R"(start_reclaim(self, low=0, high=0)
--

Starts a thread of the library's that has pages go, so that other threads seldom wait for memory.

It begins when less than `low` bytes are free (0: a 32nd of the budget) and goes on until `high` are
(0: twice `low`). It ends with stop_reclaim(), or with the pool's memory. Errors: BadArgumentError,
AlreadyExistsError (it runs), UnsupportedError (no backing), OutOfMemoryError.)");
  kind.def(
      "stop_reclaim",
      [](const PoolObject& self) {
        const auto pool = self.get();
        without_gil([&] { pool->stop_reclaim(); });
      },
      "stop_reclaim(self)\n--\n\nEnds that thread, and waits for it; no thread: nothing.");
  kind.def("statistics", pool_statistics, R"(statistics(self)
--

What the pool holds now, in pages: a PoolStatistics.)");
  kind.def("close", &PoolObject::close, R"(close(self)
--

Lets go of the handle; again: nothing. What was made from the pool stays usable.)");
  show_closed(kind, "closed");
  kind.def("__repr__", show_pool, "__repr__(self)\n--\n\n");
  close_by_with(kind);
}

}  // namespace cleave::python
