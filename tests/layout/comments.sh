#!/bin/sh
# Comments fit the line, as code does (clang-format leaves them alone). And the check would notice:
# a planted offence must be found.
#   comments.sh <root of the project> <folder>...
cd "$1" || exit 1
shift
# Characters count, not bytes.
too_long() { LC_ALL=C.UTF-8 grep -rnE --include='*.h' --include='*.cc' --include='*.c' '^.{101,}$' "$@"; }

if too_long "$@"; then
  echo "these lines are longer than 100 columns"
  exit 1
fi
planted=$(mktemp -d) || exit 1
trap 'rm -rf "$planted"' EXIT
printf '// %0100d\n' 0 >"$planted/offence.h"
too_long "$planted" >/dev/null || { echo "a planted offence was not found"; exit 1; }
