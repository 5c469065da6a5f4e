// Memory that exists becomes an arena's.
#include <memory>
#include <string>
#include <utility>

#include <cleave/program/writable_segments.h>

#include "adapters/python/arena.h"
#include "adapters/python/pool.h"
#include "adapters/python/runtime/arguments.h"
#include "adapters/python/runtime/choice.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/gil.h"
#include "adapters/python/runtime/ranges.h"

namespace cleave::python {
namespace {

/// What Python means: a range of addresses, or an object with a writable buffer, which is kept.
struct Meant {
  explicit Meant(const py::object& memory) {
    if (PyRange_Check(memory.ptr())) {
      const auto from = memory.attr("start").cast<Whole>().value;
      const auto to = memory.attr("stop").cast<Whole>().value;
      if (memory.attr("step").cast<long>() != 1 || to < from) {
        raise_with("bad_argument", "addresses are a range(first, end)");
      }
      bytes = {reinterpret_cast<std::byte*>(from), to - from};
      return;
    }
    kept = std::make_shared<Contents>(memory, Contents::For::writing);
    bytes = kept->bytes();
  }

  std::span<std::byte> bytes;
  std::shared_ptr<Contents> kept;
};

std::unique_ptr<ArenaObject> take_over(const PoolObject& pool, const py::object& memory,
                                       const std::string& tracking, bool system_calls_write,
                                       const ArenaObject* joins) {
  const auto from = pool.get();
  const auto joined = joins == nullptr ? nullptr : joins->get();
  const Meant meant(memory);
  ArenaOptions options;
  options.tracking = tracking_word(tracking);
  options.system_calls_write = system_calls_write;
  options.joins = joined.get();
  return std::make_unique<ArenaObject>(
      value_of(without_gil([&] { return Arena::take_over(*from, meant.bytes, options); })),
      meant.kept);
}

py::list list_segments(Whole library) {
  Ranges found;
  value_of(writable_segments(reinterpret_cast<void*>(library.value), [&](auto segment) {
    found.add(reinterpret_cast<std::uintptr_t>(segment.data()), segment.size());
  }));
  return found.list();
}

}  // namespace

void define_take_over(py::module_& module, py::class_<ArenaObject>& kind) {
  kind.def_static(
      "take_over", take_over, py::arg("pool"), py::arg("memory"), py::kw_only(),
      py::arg("tracking") = "automatic", py::arg("system_calls_write") = true,
      py::arg("joins") = py::none(),
      R"(take_over(pool, memory, *, tracking="automatic", system_calls_write=True, joins=None)
--

An arena of memory that exists, at its own address, with a first commit of what it holds.

`memory`: a range of addresses, as writable_segments() gives, or an object with a writable buffer,
which the arena keeps. Private memory of this process in whole pages; when the arena goes, it is the
process's own again. While it is taken over, and while the arena goes, no other thread may write to
it. Options as of Arena(). Errors, and the memory is as it was: BadArgumentError (empty, not whole
pages, shared, an arena's), NotMappedError (`address`: a gap), and as Arena().)");
  module.def("writable_segments", list_segments, py::arg("library"), R"(writable_segments(library)
--

Where a loaded library keeps what it may write, its .data and .bss: a list of ranges of addresses.

`library`: the handle that dlopen(3) gave, `ctypes.CDLL(name)._handle`. Variables of threads lie
elsewhere. Errors: BadArgumentError (the loader does not know it), UnsupportedError.)");
}

}  // namespace cleave::python
