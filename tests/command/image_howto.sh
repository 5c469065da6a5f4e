#!/usr/bin/env bash
# docs/howto/images.md shows commands that a reader types one after the other: they do what it says.
#   image_howto.sh <cleave>
set -euo pipefail
howto=$(dirname "$(realpath "$0")")/../../docs/howto/images.md
cleave=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# blocks <heading> <language>: what stands in fences below a heading
blocks() {
  awk -v heading="## $1" -v fence="\`\`\`$2" '
    /^## / { here = $0 == heading; next }
    here && $0 == fence { inside = 1; next }
    /^```$/ { inside = 0 }
    inside' "$howto"
}

cleave() { "$cleave" "$@"; }
complain() { echo "$howto: $*"; cat said; exit 1; }

blocks "At the command line" sh >typed
(($(wc -l <typed) >= 6)) || complain "shows $(wc -l <typed) commands only"
. ./typed >said
(($(grep -cx 7 said) == 2)) || complain "the clone and the query do not both say 7"

# What the shell prints stands beside what is typed, behind its prompt; the first line starts it.
blocks "At the command line" "" >session
sed -n 's/^[a-z]*> //p' session | cleave sqlite >said
grep -qxF "$(grep -v '> \|^\$' session)" said || complain "the shell does not print what it shows"
[[ $(cleave image query store warm 'SELECT count(*) FROM t') == *2* ]] || complain "the shell did not push its row"

blocks "Hand one out as a file" sh >typed
. ./typed >said
cleave image verify mine | grep -q PASS || complain "what was handed out does not verify"
