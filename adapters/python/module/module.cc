// The extension module cleave._cleave: the library's public headers for Python.
#include <pybind11/pybind11.h>

#include <cleave/tracking.h>
#include <cleave/units.h>

#include "adapters/python/arena.h"
#include "adapters/python/backing/backing.h"
#include "adapters/python/commit.h"
#include "adapters/python/image/image.h"
#include "adapters/python/pins.h"
#include "adapters/python/pool.h"
#include "adapters/python/ring.h"
#include "adapters/python/runtime/child.h"
#include "adapters/python/runtime/choice.h"
#include "adapters/python/runtime/errors.h"
#include "adapters/python/runtime/gil.h"
#include "adapters/python/runtime/piece.h"
#include "adapters/python/snapshot.h"
#include "adapters/python/space.h"

namespace cleave::python {
namespace {

py::tuple list_trackings() {
  py::list words;
  for (const Tracking each : trackings()) words.append(name(each));
  return py::tuple(words);
}

void define_module(py::module_& module) {
  count_forks();
  py::options options;
  options.disable_function_signatures();  // The texts begin with signatures that Python can read.
  module.attr("__version__") = CLEAVE_VERSION;
  module.attr("PAGE_SIZE") = kPageSize;
  define_piece(module);
  define_backings(module);
  define_pool(module);
  define_snapshot(module);
  define_pins(module);
  define_space(module);
  define_commit(module);
  define_arena(module);
  define_ring(module);
#ifdef CLEAVE_PYTHON_IMAGE
  define_repository(module);
  define_lazy_images(module);
#else
  define_no_images(module);
#endif
  module.def("trackings", list_trackings, R"(trackings()
--

All ways to find changed pages but "automatic": a tuple of str.)");
  module.def(
      "try_tracking",
      [](const std::string& tracking) {
        const Tracking wanted = tracking_word(tracking);
        value_of(without_gil([&] { return try_tracking(wanted); }));
      },
      py::arg("tracking"), R"(try_tracking(tracking)
--

Tries a way of tracking on a few pages of its own. UnsupportedError says what is missing here.)");
}

}  // namespace
}  // namespace cleave::python

PYBIND11_MODULE(_cleave, module) {
  module.doc() = "Branchable memory: what `import cleave` is made of.";
  cleave::python::define_module(module);
}
