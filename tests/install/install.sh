#!/usr/bin/env bash
# Installs into a scratch folder, moves that elsewhere, and has a stranger build against it both ways.
#   install.sh <root of the sources> <build folder> <folder of libraries under the prefix> <compiler> <C compiler>
set -euo pipefail

root=${1:?usage: install.sh <root of the sources> <build folder> <library folder> <compiler> <C compiler>}
build=$2 libraries=$3 compiler=$4 c_compiler=$5
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
stranger=$root/tests/install/stranger

run() { # Quiet, unless it fails.
  "$@" >"$scratch/log" 2>&1 || {
    echo "failed: $*"
    cat "$scratch/log"
    exit 1
  }
}

# What is installed must not depend on where it was installed first, nor on these sources.
run cmake --install "$build" --prefix "$scratch/first"
mv "$scratch/first" "$scratch/prefix"
prefix=$scratch/prefix
if grep -rlI -e "$root/" -e "$build/" "$prefix/include" "$prefix/$libraries"/{cmake,pkgconfig}; then
  echo "these installed files name the folder they were built in"
  exit 1
fi

# Every header of the library is there, in its folder.
diff <(cd "$root" && find cleave -name '*.h' | sort) \
  <(cd "$prefix/include" && find cleave -name '*.h' | sort)

export LD_LIBRARY_PATH=$prefix/$libraries  # for a build with shared libraries
export PKG_CONFIG_PATH=$prefix/$libraries/pkgconfig

run cmake -S "$stranger" -B "$scratch/cmake" -D CMAKE_PREFIX_PATH="$prefix" \
  -D CMAKE_CXX_COMPILER="$compiler" -D CMAKE_C_COMPILER="$c_compiler"
run cmake --build "$scratch/cmake"
run "$scratch/cmake/stranger"
echo "found by CMake: $(cat "$scratch/log")"
run "$scratch/cmake/stranger_in_c"

read -ra flags < <(pkg-config --cflags --libs cleave)
run "$compiler" -std=c++20 "$stranger/main.cc" "${flags[@]}" -o "$scratch/stranger"
run "$scratch/stranger"
echo "found by pkg-config $(pkg-config --modversion cleave): $(cat "$scratch/log")"

# In C, and linked by the C compiler.
warnings=(-std=c99 -pedantic -Wall -Wextra -Werror)
run "$c_compiler" "${warnings[@]}" "$stranger/main.c" "${flags[@]}" -o "$scratch/stranger_in_c"
run "$scratch/stranger_in_c"
diff "$scratch/log" <(pkg-config --modversion cleave) || {
  echo "cleave_version() and pkg-config do not agree"
  exit 1
}
"$root/tests/install/every_function.sh" "$prefix/include/cleave/cleave.h" >"$scratch/every.c"
run "$c_compiler" "${warnings[@]}" "$scratch/every.c" "${flags[@]}" -o "$scratch/every"
echo "from C: $(grep -c '(any)' "$scratch/every.c") functions"

if [[ -e $prefix/bin/cleave ]]; then
  run "$prefix/bin/cleave" --version
  echo "the command: $(cat "$scratch/log")"
fi
