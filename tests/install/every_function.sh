#!/usr/bin/env bash
# Prints a C program that names every function which a header declares: if it links, each is there.
#   every_function.sh <prefix>/include <header, as it is included> <at least so many>
set -euo pipefail

names=$(grep -v '^ *//' "${1:?usage: every_function.sh <folder> <header> <least>}/$2" |
  grep -oP '\bcleave_[a-z0-9_]+(?=\()' | sort -u)
[[ $(wc -w <<<"$names") -ge $3 ]] || {
  echo "hardly a function was found in $2" >&2
  exit 1
}
echo "#include <$2>"
echo 'typedef void (*any)(void);'
echo 'static const any all[] = {'
for name in $names; do echo "  (any)$name,"; done
echo '};'
echo 'int main(void) { return all[0] == 0; }'
