#!/usr/bin/env bash
# docs/howto/read-a-counterexample.md shows what `cleave litmus` prints, line by line and to the letter.
#   howto.sh <cleave>
set -euo pipefail
cd "$(dirname "$0")/../.."
howto=docs/howto/read-a-counterexample.md

printed=$("$1" litmus fork-against-fast-pin --rules C0 | sed 's#cleave litmus /.*/#cleave litmus .../#')
lines=0 failed=0
while IFS= read -r line; do
  lines=$((lines + 1))
  grep -qxF -- "$line" <<<"$printed" || { echo "$howto: is not printed: $line"; failed=1; }
done < <(awk '/^```$/ { inside = !inside && !sh; sh = 0; next } /^```sh$/ { sh = 1; next } inside' "$howto")
((lines > 30)) || { echo "$howto: shows $lines lines only"; failed=1; }
exit $failed
