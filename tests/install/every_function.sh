#!/usr/bin/env bash
# Prints a C program that names every function which c.h declares: if it links, each is there.
#   every_function.sh <c.h>
set -euo pipefail

names=$(grep -v '^ *//' "${1:?usage: every_function.sh <c.h>}" |
  grep -oP '\bcleave_[a-z0-9_]+(?=\()' | sort -u)
[[ $(wc -w <<<"$names") -gt 80 ]] || {
  echo "hardly a function was found in $1" >&2
  exit 1
}
echo '#include <cleave/c.h>'
echo 'typedef void (*any)(void);'
echo 'static const any all[] = {'
for name in $names; do echo "  (any)$name,"; done
echo '};'
echo 'int main(void) { return all[0] == 0; }'
