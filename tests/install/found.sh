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
# The libraries beside it that this build has.
parts=()
for part in backing image image_s3 image_rados; do
  if [[ -e $PKG_CONFIG_PATH/cleave-${part//_/-}.pc ]]; then
    parts+=("$part")
  else
    echo "left out: this build has no cleave-${part//_/-}"
  fi
done
joined() { local IFS=';'; echo "$*"; }

found_by_cmake() {
  run cmake -G Ninja -S "$here/outsider" -B "$scratch/cmake" -D CMAKE_PREFIX_PATH="$prefix" \
    -D PROGRAMS="$(joined "${programs[@]}")" -D PARTS="$(joined "${parts[@]}")" -D CMAKE_CXX_COMPILER="${compilers[0]}"
  run cmake --build "$scratch/cmake"
  for program in "${programs[@]}" "${parts[@]}"; do run "$scratch/cmake/$(basename "$program" .cc)"; done
  echo "found by CMake: ${#programs[@]} programs, and the libraries ${parts[*]}"
  run cmake -G Ninja -S "$here/outsider_in_c" -B "$scratch/cmake_c" -D CMAKE_PREFIX_PATH="$prefix" \
    -D CMAKE_C_COMPILER="$c_compiler"
  run cmake --build "$scratch/cmake_c"
  run "$scratch/cmake_c/main"
  echo "found by CMake: a project without C++"
  mkdir "$scratch/lacking"
  cat >"$scratch/lacking/CMakeLists.txt" <<<'cmake_minimum_required(VERSION 3.25)
    project(lacking LANGUAGES C)
    find_package(cleave 0.1 REQUIRED COMPONENTS elsewhere)'
  if cmake -G Ninja -S "$scratch/lacking" -B "$scratch/lacking/build" -D CMAKE_PREFIX_PATH="$prefix" \
    -D CMAKE_C_COMPILER="$c_compiler" >"$scratch/log" 2>&1; then
    echo "a library was found that is not installed"
    exit 1
  fi
  grep -q 'elsewhere' "$scratch/log" || { cat "$scratch/log"; exit 1; }
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

# The program that a page builds up, block by block.
program_of() { # <page> <language of its blocks>
  awk -v open="\`\`\`$2" '
    $0 == open { inside = 1; next }
    /^```$/ { inside = 0 }
    inside { print; if (/^}$/ && main) exit }
    inside && /^int main\(/ { main = 1 }' "$root/docs/$1"
}

pages_are_right() {
  local page flags
  read -ra flags < <(pkg-config --cflags --libs cleave)
  for page in tutorial/first-space tutorial/first-arena; do
    program_of "$page.md" cpp >"$scratch/page.cc"
    run "${compilers[0]}" -std=c++20 "$scratch/page.cc" "${flags[@]}" -o "$scratch/page"
    run "$scratch/page"
  done
  program_of howto/use-from-c.md c >"$scratch/page.c"
  run "$c_compiler" -std=c99 -pedantic -Wall -Wextra -Werror "$scratch/page.c" "${flags[@]}" -o "$scratch/page"
  run "$scratch/page"
  [[ $(cat "$scratch/log") == "42 again" ]] || { cat "$scratch/log"; exit 1; }
  echo "as the pages say: a first space, a first arena, a program in C"
}

parts_are_found_by_pkg_config() {
  local part flags warnings=(-std=c99 -pedantic -Wall -Wextra -Werror)
  for part in "${parts[@]}"; do
    read -ra flags < <(pkg-config --cflags --libs "cleave-${part//_/-}")
    run "${compilers[0]}" -std=c++20 "$here/outsider/$part.cc" "${flags[@]}" -o "$scratch/with_$part"
    run "$scratch/with_$part"
    echo "found by pkg-config: cleave-${part//_/-}"
    [[ $part != backing ]] || every_function_links cleave/backing/c.h 4
    [[ $part != image ]] || every_function_links cleave/image/c.h 16
  done
}

found_by_cmake
found_by_pkg_config
parts_are_found_by_pkg_config
# Once will do.
if [[ -e $prefix/lib/libcleave.so ]]; then pages_are_right; fi
