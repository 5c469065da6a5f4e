#!/usr/bin/env bash
# The engine's atomics cost nothing: the same instructions as the standard's, pair by pair.
#   zero_cost.sh <root of the sources> <compiler> <flag>...
set -euo pipefail

root=${1:?usage: zero_cost.sh <root of the sources> <compiler> <flag>...}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A section a function, so that each starts at 0 and jumps inside look alike.
"${@:2}" -std=c++20 -O2 -ffunction-sections -I "$root/include" -I "$root/src" \
  -c "$root/tests/zero_cost/pairs.cc" -o "$scratch/pairs.o"

# A file a function, named as it is; the two prefixes are dropped from the text.
objdump --disassemble --reloc --no-show-raw-insn "$scratch/pairs.o" | awk -v scratch="$scratch" '
  /^[0-9a-f]+ <(ours|plain)_.*>:$/ {
    name = $2; sub(/^</, "", name); sub(/>:$/, "", name)
    next
  }
  /^Disassembly/ { name = "" }
  name != "" && NF { gsub(/(ours|plain)_/, ""); print > (scratch "/" name) }
'

same=0 failed=0 control_differs=0
for ours in "$scratch"/ours_*; do
  name=${ours##*/ours_}
  plain=$scratch/plain_$name
  if [[ ! -s $plain ]]; then
    echo "$name: the half that starts with plain_ is missing"
    failed=1
  elif difference=$(diff -U 99 --label "plain_$name" --label "ours_$name" "$plain" "$ours"); then
    same=$((same + 1))
  elif [[ $name == control ]]; then
    control_differs=1
  else
    echo "$name: the instructions differ"
    echo "$difference"
    failed=1
  fi
done

if ((control_differs == 0)); then
  echo "the control pair, which does differ, was not told apart"
  failed=1
fi
if ((same == 0)); then
  echo "nothing was compared"
  failed=1
fi
((failed == 0)) && echo "$same pairs are the same, instruction by instruction."
exit $failed
