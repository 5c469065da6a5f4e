#!/usr/bin/env bash
# Two compilers make the same laboratory: every answer of the catalogue, and the token of every end, is the same text.
# What one compiler puts in another order than the other, such as the arguments of a call, shows as another token.
#   compilers.sh <answers, built here> <answers, built by another compiler>
# Skipped (77) where the other was not built, or is not of these sources any more: `make style` builds it.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$1 other=$2

if [[ ! -x $other ]]; then
  echo "skipped: there is no $other; \`make style\` builds it where there is a Clang"
  exit 77
fi
if [[ -n $(find lab tests/web '(' -name '*.cc' -o -name '*.h' ')' -newer "$other" -print -quit) ]]; then
  echo "skipped: $other is older than its sources; \`make style\` builds it anew"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
answers() { # <program> <search>
  "$1" litmus "$2" | sed 's/"seconds":[^,}]*/"seconds":0/g'
}
for search in dpor states; do
  answers "$here" "$search" >"$folder/here"
  answers "$other" "$search" >"$folder/other"
  lines=$(wc -l <"$folder/here") tokens=$(grep -o '"1:[a-z]*:[^"]*"' "$folder/here" | wc -l)
  echo "$search: $lines answers, $tokens tokens"
  ((lines > 1000 && tokens > 1000)) || { echo "failed: that is not the catalogue"; exit 1; }
  diff "$folder/here" "$folder/other" >"$folder/differ" ||
    { echo "failed: $(grep -c '^<' "$folder/differ") answers differ, the first is"; head -4 "$folder/differ" | cut -c1-600; exit 1; }
done
