#!/usr/bin/env bash
# What the width of table nodes costs and saves: the same benchmarks with nodes of 16 to 64 entries.
#   bench/geometry.sh [BITS...]
set -euo pipefail
cd "$(dirname "$0")/.."

rows=(alive/one-dirty fork/pinned-1 write-after-fork/random commit/1GiB/10 commit/1GiB/1000 drop/1000 drop/all
  scale/changes)
widths=("$@")
if ((${#widths[@]} == 0)); then widths=(4 5 6); fi

for bits in "${widths[@]}"; do
  folder=build/geometry-$bits
  cmake --preset release -B "$folder" -DCLEAVE_NODE_BITS="$bits" -DCLEAVE_VARIANTS=OFF >/dev/null
  cmake --build "$folder" --target cleave_tools >/dev/null
  echo "== nodes of $((1 << bits)) entries"
  "$folder/bin/cleave" bench "${rows[@]}"
done
