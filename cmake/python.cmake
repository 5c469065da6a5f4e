# Which Python the module is for, and whether it can be built.

# The system's own, for which Debian has the packages; a PATH often begins with another one.
find_program(CLEAVE_PYTHON_EXECUTABLE python3 PATHS /usr/bin NO_DEFAULT_PATH
  DOC "The interpreter that the Python module is built for, and tested with")
if(NOT CLEAVE_PYTHON_EXECUTABLE)
  find_program(CLEAVE_PYTHON_EXECUTABLE python3)
endif()
set(Python3_EXECUTABLE "${CLEAVE_PYTHON_EXECUTABLE}")
mark_as_advanced(CLEAVE_PYTHON_EXECUTABLE)
set(CLEAVE_PYTHON_DESTINATION lib/python3/dist-packages CACHE STRING
  "Where the component \"python\" is installed, relative to the prefix; Debian's place by default")

if(CLEAVE_PYTHON_EXECUTABLE)
  find_package(Python3 QUIET COMPONENTS Interpreter Development.Module)
endif()
# Its CMake files look for Python only where none was found.
find_package(pybind11 2.10 QUIET CONFIG)
if(Python3_Development.Module_FOUND AND pybind11_FOUND)
  set(cleave_python_can ON)
else()
  set(cleave_python_can OFF)
endif()
