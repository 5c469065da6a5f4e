#!/usr/bin/env bash
# An outsider finds the installed library, by CMake and by pkg-config, from C++ and from C, and its programs run.
#   found.sh <root of the sources> <folder of build.sh> <C compiler> <C++ compiler>...
set -euo pipefail
root=$1 folder=$2 c_compiler=$3
compilers=("${@:4}")
. "$root/tests/install/installed.sh"
prefix=$folder/prefix

# What is installed is the public folder, and knows nothing of the folders that it came from.
diff <(cd "$root/include" && find . -type f | sort) <(cd "$prefix/include" && find . -type f | sort)
if grep -rlI -e "$root/" -e "$folder/build/" "$prefix/include" "$prefix"/lib/{cmake,pkgconfig}; then
  echo "these installed files name the folder they were built in"
  exit 1
fi

export LD_LIBRARY_PATH=$prefix/lib PKG_CONFIG_PATH=$prefix/lib/pkgconfig
outsiders_programs
IFS=';' list="${programs[*]}"
unset IFS

found_by_cmake() {
  run cmake -G Ninja -S "$here/outsider" -B "$scratch/cmake" -D CMAKE_PREFIX_PATH="$prefix" -D PROGRAMS="$list" \
    -D CMAKE_CXX_COMPILER="${compilers[0]}"
  run cmake --build "$scratch/cmake"
  for program in "${programs[@]}"; do run "$scratch/cmake/$(basename "$program" .cc)"; done
  echo "found by CMake: ${#programs[@]} programs"
  run cmake -G Ninja -S "$here/outsider_in_c" -B "$scratch/cmake_c" -D CMAKE_PREFIX_PATH="$prefix" \
    -D CMAKE_C_COMPILER="$c_compiler"
  run cmake --build "$scratch/cmake_c"
  run "$scratch/cmake_c/main"
  echo "found by CMake: a project without C++"
}

# With flags and warnings of the caller's.
every_function_links() {
  "$here/every_function.sh" "$prefix/include" "$1" "$2" >"$scratch/every.c"
  run "$c_compiler" "${warnings[@]}" "$scratch/every.c" "${flags[@]}" -o "$scratch/every"
  echo "from C: $(grep -c '(any)' "$scratch/every.c") functions of $1"
}

found_by_pkg_config() {
  local flags
  read -ra flags < <(pkg-config --cflags --libs cleave)
  for compiler in "${compilers[@]}"; do
    if ! command -v "$compiler" >/dev/null; then
      echo "left out: $compiler is not installed"
      continue
    fi
    run "$compiler" -std=c++20 "$here/outsider/every_name.cc" "${flags[@]}" -o "$scratch/every_name"
    run "$scratch/every_name"
    echo "found by pkg-config $(pkg-config --modversion cleave): every name of C++, with $compiler"
  done

  local warnings=(-std=c99 -pedantic -Wall -Wextra -Werror)
  run "$c_compiler" "${warnings[@]}" "$here/outsider_in_c/main.c" "${flags[@]}" -o "$scratch/main"
  run "$scratch/main"
  diff "$scratch/log" <(pkg-config --modversion cleave) || {
    echo "cleave_version() and pkg-config do not agree"
    exit 1
  }
  every_function_links cleave/c.h 80
}

# A library beside it: part_is_found <part> <its program, in outsider/>
part_is_found() {
  local part=$1 program=$2
  if [[ ! -e $PKG_CONFIG_PATH/cleave-${part//_/-}.pc ]]; then
    echo "left out: this build has no cleave-${part//_/-}"
    return
  fi
  run cmake -G Ninja -S "$here/outsider" -B "$scratch/$part" -D CMAKE_PREFIX_PATH="$prefix" \
    -D PROGRAMS="$here/outsider/$program.cc" -D LIBRARY="cleave::$part" -D CMAKE_CXX_COMPILER="${compilers[0]}"
  run cmake --build "$scratch/$part"
  run "$scratch/$part/$program"
  read -ra flags < <(pkg-config --cflags --libs "cleave-${part//_/-}")
  run "${compilers[0]}" -std=c++20 "$here/outsider/$program.cc" "${flags[@]}" -o "$scratch/with_$part"
  run "$scratch/with_$part"
  echo "found by CMake and by pkg-config: cleave-${part//_/-}"
}

parts_are_found() {
  local flags warnings=(-std=c99 -pedantic -Wall -Wextra -Werror)
  part_is_found backing backing
  every_function_links cleave/backing/c.h 4
  part_is_found image image
  part_is_found image_s3 image_s3
  part_is_found image_rados image_rados
}

found_by_cmake
found_by_pkg_config
parts_are_found
