#!/usr/bin/env bash
# docs/tutorial/first-litmus-test.md, followed to the letter: each step prints what the page shows.
#   tutorial.sh <cleave>
set -euo pipefail
cd "$(dirname "$0")/../.."
cleave=$1 page=$PWD/docs/tutorial/first-litmus-test.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# The block of the page that has a line which begins so.
block() { # <begin of a line>
  awk -v begin="$1" '
    /^```/ { if (inside && index("\n" text, "\n" begin)) { printf "%s", text; exit } inside = !inside; text = ""; next }
    inside { text = text $0 "\n" }' "$page"
}
prints() { # <begin of a line of the block> <what was printed>
  local line
  [[ -n $(block "$1") ]] || { echo "the page has no block with a line \"$1\""; exit 1; }
  while IFS= read -r line; do
    grep -qxF -- "$line" <<<"$2" || { printf 'not printed: %s\nbut:\n%s\n' "$line" "$2"; exit 1; }
  done < <(block "$1")
}

block 'litmus mine' >mine.litmus
prints '     A  B' "$("$cleave" litmus mine.litmus || true)"

{ sed 2q mine.litmus; block source; sed 1,2d mine.litmus; echo; block expect; } >better
mv better mine.litmus
"$cleave" litmus mine.litmus >said || { cat said; exit 1; }
prints E1,exclusive_mark "$("$cleave" litmus mutate E1 mine.litmus | grep -v 'NOT noticed')"
"$cleave" litmus show mine.litmus >shown
"$cleave" litmus shown >said || { cat shown said; exit 1; }
