#!/usr/bin/env bash
# Writes the reference of the public headers, with doxygen: a page a class, a page a header, and the examples.
#   scripts/reference.sh <folder>   leaves <folder>/html
set -euo pipefail
mkdir -p "${1:?usage: reference.sh <folder>}"
folder=$(realpath "$1")
cd "$(dirname "$0")/.."

# The comment that a file begins with, without its slashes and stars. What is indented there stays as it is.
first_comment() {
  awk '/^\/\*/ { block = 1 }
    block { last = /\*\//; sub(/^\/\* */, ""); sub(/ *\*\/$/, ""); sub(/^  /, ""); print; if (last) exit; next }
    !/^\/\// { exit }
    { sub(/^\/\/ ?/, ""); print }' "$1" | sed 's/^  /      /'
}

# A page's text for doxygen, which wants to be told what a file is.
page() { # <command and name> <file>
  printf '/** \\%s\n%s\n*/\n' "$1" "$(first_comment "$2")"
}

{
  page mainpage include/cleave/cleave.h
  printf '/** \\namespace cleave\nAll of the library for C++.\n*/\n/** \\namespace cleave::literals\nSizes.\n*/\n'
  for header in include/cleave/*.h; do page "file ${header#include/}" "$header"; done
  for example in examples/*.cc examples/c/*.c; do page "example ${example#examples/}" "$example"; done
} >"$folder/pages.h"

{
  cat docs/Doxyfile
  echo "PROJECT_NUMBER = $(sed -n 's/^  VERSION //p' CMakeLists.txt)"
  echo "INPUT += \"$folder/pages.h\""
  echo "OUTPUT_DIRECTORY = \"$folder\""
} | doxygen -
