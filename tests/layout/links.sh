#!/usr/bin/env bash
# Each link in the documents that leads to a file leads to one that is there.
#   links.sh <root of the sources>
set -euo pipefail

# Prints "document: target" for each link to nothing. Blocks of code have none.
broken() { # <document>...
  local document target
  for document; do
    while IFS= read -r target; do
      [[ $target == *://* || $target == '#'* ]] && continue
      [[ -e $(dirname "$document")/${target%%#*} ]] || echo "$document: $target"
    done < <(awk '/^ *```/ { code = !code } !code' "$document" |
      { grep -oE '\]\([^)]+\)' || true; } | sed 's/^](//; s/)$//')
  done
}

# A check that cannot fail is none.
self_check() {
  local plant
  plant=$(mktemp -d)
  trap 'rm -rf "$plant"' RETURN
  printf '%s\n' '[here](a.md#there), [nowhere](b.md), [far](https://example.org/c)' \
    '```' '[code](d.md)' '```' >"$plant/a.md"
  [[ $(broken "$plant/a.md") == "$plant/a.md: b.md" ]] || { echo "the self check found: $(broken "$plant/a.md")"; exit 1; }
}

self_check
cd "${1:?usage: links.sh <root of the sources>}"
mapfile -t documents < <(find . -path ./build -prune -o -name '*.md' -print | sort)
found=$(broken "${documents[@]}")
if [[ -n $found ]]; then
  echo "$found"
  exit 1
fi
echo "${#documents[@]} documents, and no link to nothing."
