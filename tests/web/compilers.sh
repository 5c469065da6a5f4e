#!/usr/bin/env bash
# Two compilers make the same laboratory: the catalogue's answers, and the token of every end, are the same text.
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
# Every fifth case of the catalogue: each test by some rule-sets, each rule-set by some tests. `make web-test` compares all
# of them with the compiler for browsers, which is a Clang, too.
answers() { # <program>
  "$1" litmus dpor 5 | sed 's/"seconds":[^,}]*/"seconds":0/g'
}
answers "$here" >"$folder/here"
answers "$other" >"$folder/other"
lines=$(wc -l <"$folder/here") tokens=$(grep -o '"1:[a-z]*:[^"]*"' "$folder/here" | wc -l)
echo "$lines answers, $tokens tokens"
((lines > 200 && tokens > 200)) || { echo "failed: that is not the catalogue"; exit 1; }
diff "$folder/here" "$folder/other" >"$folder/differ" ||
  { echo "failed: $(grep -c '^<' "$folder/differ") answers differ, the first is"; head -4 "$folder/differ" | cut -c1-600; exit 1; }
