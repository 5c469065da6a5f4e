#!/usr/bin/env bash
# The reference is written without a warning: every public name says what it is. And the check would notice: a name that
# says nothing is found.
#   reference.sh <root of the sources>
set -euo pipefail
root=${1:?usage: reference.sh <root of the sources>}
command -v doxygen >/dev/null || { echo "skipped: doxygen is not installed"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$root/scripts/reference.sh" "$scratch/reference"
pages=$(find "$scratch/reference/html" -name 'classcleave*.html' | wc -l)
arena=$scratch/reference/html/classcleave_1_1Arena.html
[[ -e $arena && $pages -gt 20 ]] || { echo "only $pages pages of classes"; exit 1; }
# Each class's page leads to the examples that use it.
grep -q 'arena_8cc-example.html' "$arena" || { echo "no example of an arena"; exit 1; }

mkdir "$scratch/planted" "$scratch/planted/docs"
cp -r "$root"/{include,examples,scripts,CMakeLists.txt} "$scratch/planted"
cp "$root/docs/Doxyfile" "$scratch/planted/docs"
echo 'namespace cleave { void says_nothing(); }' >>"$scratch/planted/include/cleave/pool.h"
if "$scratch/planted/scripts/reference.sh" "$scratch/planted/reference" >"$scratch/log" 2>&1 ||
  ! grep -q 'says_nothing.*is not documented' "$scratch/log"; then
  echo "a planted offence was not found"
  exit 1
fi
echo "$pages pages of classes, and every public name says what it is"
