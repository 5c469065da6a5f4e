// How a class of the module is defined.
#pragma once

#include <span>
#include <string>
#include <utility>

#include <pybind11/pybind11.h>

#include "adapters/python/runtime/errors.h"

namespace cleave::python {

/// What makes a T when Python calls the class; null where only the library makes them.
template <class T>
inline PyObject* maker = nullptr;

/// Calls `work`, which may throw, from a slot of a type; `failed` with an exception set.
template <class Work, class Failed>
auto in_slot(Work&& work, Failed failed) noexcept -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (py::error_already_set& raised) {
    raised.restore();
  } catch (const py::builtin_exception& raised) {
    raised.set_error();
  } catch (const std::exception& thrown) {
    PyErr_SetString(PyExc_RuntimeError, thrown.what());
  }
  return failed;
}

/// tp_new: an object that exists is whole. (pybind11 leaves that to __init__, and an object made by
/// __new__ alone would crash.)
template <class T>
PyObject* make_whole(PyTypeObject* type, PyObject* arguments, PyObject* named) {
  if (maker<T> == nullptr) {
    return PyErr_Format(PyExc_TypeError, "cannot create '%s' objects: other objects give them",
                        type->tp_name);
  }
  return PyObject_Call(maker<T>, arguments, named);
}

template <class T>
int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  view->obj = nullptr;
  return in_slot([&] { return py::cast<T&>(py::handle(self)).give_buffer(self, view, flags); }, -1);
}

/// Defines a class. `text` begins with its signature. A class with give_buffer() is a buffer.
template <class T>
py::class_<T> define(py::module_& module, const char* name, const char* text) {
  const auto set_up = [](PyHeapTypeObject* made) {
    made->ht_type.tp_new = make_whole<T>;
    made->ht_type.tp_init = [](PyObject*, PyObject*, PyObject*) { return 0; };
    if constexpr (requires { &T::give_buffer; }) {
      made->ht_type.tp_as_buffer = &made->as_buffer;
      made->as_buffer.bf_getbuffer = get_buffer<T>;
      // np.frombuffer() keeps the buffer, rather than the object alone, where this is set.
      made->as_buffer.bf_releasebuffer = [](PyObject*, Py_buffer*) {};
    }
  };
  py::class_<T> kind(module, name, text, py::is_final(), py::custom_type_setup(set_up));
  kind.attr("__module__") = "cleave";
  const std::string refusal = std::string("cannot pickle or copy a cleave.") + name +
                              ": it stands for memory of this process; pass bytes instead";
  kind.def(
      "__reduce__", [refusal](const T&) -> py::object { throw py::type_error(refusal); },
      "__reduce__(self)\n--\n\nRefuses: what stands for memory of this process cannot be "
      "pickled or copied.");
  return kind;
}

/// Has Python's call of the class T, named `name`, call `make`.
template <class T, class Make, class... Extra>
void make_by(const char* name, Make&& make, const Extra&... extra) {
  maker<T> = py::cpp_function(std::forward<Make>(make), py::name(name), extra...).release().ptr();
}

/// The property that says whether close() or release() was called.
template <class T>
void show_closed(py::class_<T>& kind, const char* name) {
  kind.def_property_readonly(
      name, [](const T& self) { return self.is_closed(); }, "Whether it was let go.");
}

/// __enter__ and __exit__, which calls close(). If the block failed, and memory is still lent, the
/// block's exception goes on, which BufferError would hide; the object stays open.
template <class T>
void close_by_with(py::class_<T>& kind) {
  kind.def(
      "__enter__", [](const py::object& self) { return self; }, "__enter__(self)\n--\n\n");
  kind.def(
      "__exit__",
      [](T& self, const py::object& raised, const py::object&, const py::object&) {
        if constexpr (requires { self.lending(); }) {
          if (!raised.is_none() && self.lending().count() != 0) return;
        }
        self.close();
      },
      py::arg("raised"), py::arg("value"), py::arg("traceback"),
      "__exit__(self, raised, value, traceback)\n--\n\n");
}

}  // namespace cleave::python
