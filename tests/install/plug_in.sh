#!/usr/bin/env bash
# The library can be loaded late, by dlopen(3), where the loader has no static thread-local storage left.
#   plug_in.sh <root of the sources> <libcleave.so> <C compiler>
set -euo pipefail
root=$1 library=$2 compiler=$3
. "$root/tests/install/installed.sh"

greedy=()
for bytes in 1024 1024 1024 512 256 128 64 32 16 8 4 4 4; do # until not even 4 bytes are left
  n=${#greedy[@]}
  echo "__attribute__((tls_model(\"initial-exec\"))) __thread char taken_$n[$bytes]; char* at_$n(void) { return taken_$n; }" |
    run "$compiler" -shared -fPIC -x c - -o "$scratch/greedy_$n.so"
  greedy+=("$scratch/greedy_$n.so")
done
run "$compiler" -std=gnu99 -Wall -Wextra -Werror -I"$root/include" "$here/plug_in.c" -o "$scratch/plug_in" -pthread -ldl
"$scratch/plug_in" "$library" "${greedy[@]}"
