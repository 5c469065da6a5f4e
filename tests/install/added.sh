#!/usr/bin/env bash
# An outsider has the sources as a folder of its own project, in C++ and in C, with the library static and shared.
#   added.sh <root of the sources> <C compiler> <C++ compiler> <option of cmake>...
set -euo pipefail
root=$1 c_compiler=$2 compiler=$3
. "$root/tests/install/installed.sh"
outsiders_programs
IFS=';' list="${programs[*]}"
unset IFS

common=(-G Ninja -D CLEAVE_SOURCES="$root" -D CLEAVE_UNITY=ON -D CMAKE_BUILD_TYPE=RelWithDebInfo
  -D CMAKE_CXX_FLAGS_RELWITHDEBINFO="-O0 -g" -D CMAKE_C_COMPILER="$c_compiler" -D CMAKE_CXX_COMPILER="$compiler" "${@:4}")
run cmake -S "$here/outsider" -B "$scratch/cpp" -D PROGRAMS="$list" -D BUILD_SHARED_LIBS=OFF "${common[@]}"
run cmake --build "$scratch/cpp"
for program in "${programs[@]}"; do run "$scratch/cpp/$(basename "$program" .cc)"; done
echo "as a folder of a project in C++, static: ${#programs[@]} programs"

run cmake -S "$here/outsider_in_c" -B "$scratch/c" -D BUILD_SHARED_LIBS=ON "${common[@]}"
run cmake --build "$scratch/c"
run "$scratch/c/main"
echo "as a folder of a project in C, shared"
