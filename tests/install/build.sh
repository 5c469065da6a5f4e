#!/usr/bin/env bash
# Builds the library alone, shared or static, and installs it; then moves what was installed, which must not mind.
#   build.sh <root of the sources> <folder> shared|static <option of cmake>...
# Leaves <folder>/prefix and <folder>/build.
set -euo pipefail
root=$1 folder=$2 kind=$3
. "$root/tests/install/installed.sh"

rm -rf "$folder/prefix"
shared=OFF
[[ $kind == shared ]] && shared=ON
run cmake -S "$root" -B "$folder/build" -G Ninja -D BUILD_SHARED_LIBS=$shared -D CLEAVE_UNITY=ON \
  -D CMAKE_INSTALL_LIBDIR=lib -D CMAKE_BUILD_TYPE=RelWithDebInfo -D CMAKE_CXX_FLAGS_RELWITHDEBINFO="-O0 -g" \
  -D CLEAVE_LAB=OFF -D CLEAVE_TOOLS=OFF -D CLEAVE_BENCH=OFF -D CLEAVE_TESTS=OFF \
  -D CLEAVE_VARIANTS=OFF -D CLEAVE_EXAMPLES=OFF -D CLEAVE_PYTHON=OFF "${@:4}"
# The target that `make install` builds has to be enough for all that it installs.
target=$(sed -n 's/.*"configurePreset": "library", "targets": \[ "\(.*\)" \].*/\1/p' "$root/CMakePresets.json")
run cmake --build "$folder/build" --target "${target:?CMakePresets.json names no target for make install}"
run cmake --install "$folder/build" --prefix "$scratch/first" --component library
mv "$scratch/first" "$folder/prefix"
