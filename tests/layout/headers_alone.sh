#!/usr/bin/env bash
# Each header of the library compiles alone: who includes one need not know what it needs.
#   headers_alone.sh <root of the sources> <compiler> <flag>...
set -euo pipefail

root=${1:?usage: headers_alone.sh <root of the sources> <compiler> <flag>...}
compiler=("${@:2}" -std=c++20 -Wall -Wextra -Werror)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# By way of ccache, where it is, which remembers a file by its name as it is given and by what is in it.
launcher=$(command -v ccache || true)
compiles() { # <include root> <header, as it is included>
  printf '#include "%s"\n' "$2" >"$scratch/alone.cc"
  (cd "$scratch" && $launcher "${compiler[@]}" -I "$1" -c alone.cc -o alone.o)
}

# A check that cannot fail is none: this header leans on one that it does not include.
mkdir "$scratch/cleave"
echo 'inline std::size_t leaning();' >"$scratch/cleave/leaning.h"
if compiles "$scratch" cleave/leaning.h 2>/dev/null; then
  echo "self check: a header that cannot compile alone was let through"
  exit 1
fi

headers=$(cd "$root" && find cleave -name '*.h' | sort)
failed=0
for header in $headers; do
  if ! compiles "$root" "$header" >"$scratch/errors" 2>&1; then
    echo "$header does not compile alone:"
    cat "$scratch/errors"
    failed=1
  fi
done
((failed == 0)) && echo "$(wc -w <<<"$headers") headers compile alone."
exit $failed
