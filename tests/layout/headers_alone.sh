#!/usr/bin/env bash
# Each public header compiles alone, as C++20: who includes one need not know what it needs. That takes one compiler; the
# others compile all headers at once. And those for C are plain C99 as well.
#   headers_alone.sh <root of the sources> <C++ compiler>...
set -euo pipefail

root=${1:?usage: headers_alone.sh <root of the sources> <C++ compiler>...}
flags=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

compiles() { # <include root> <header, as it is included> <compiler> <option>...
  printf '#include <%s>\n' "$2" | "${@:3}" "${flags[@]}" -I "$1" - >"$scratch/errors" 2>&1
}
failed=0
expect() { # <header> <compiler> <option>...
  compiles "$root/include" "$@" && return
  echo "$1 does not compile alone, with ${*:2}:"
  cat "$scratch/errors"
  failed=1
}

headers=$(cd "$root/include" && find cleave -name '*.h' | sort)
# A check that cannot fail is none: this header leans on one that it does not include.
mkdir "$scratch/cleave"
echo 'inline std::size_t leaning();' >"$scratch/cleave/leaning.h"
for compiler in "${@:2}"; do
  if ! command -v "$compiler" >/dev/null; then
    echo "left out: $compiler is not installed"
    continue
  fi
  if compiles "$scratch" cleave/leaning.h "$compiler" -std=c++20 -x c++; then
    echo "self check: a header that cannot compile alone was let through"
    exit 1
  fi
  if [[ $compiler == "$2" ]]; then
    for header in $headers; do expect "$header" "$compiler" -std=c++20 -x c++; done
    how="each alone"
  else
    printf '#include <%s>\n' $headers >"$scratch/cleave/all.h"
    compiles "$scratch" cleave/all.h "$compiler" -std=c++20 -x c++ -I "$root/include" || {
      cat "$scratch/errors"
      failed=1
    }
    how="together"
  fi
  for header in cleave/c.h cleave/backing/c.h cleave/image/c.h; do
    expect "$header" "$compiler" -std=c++98 -Wno-long-long -x c++
    expect "$header" "$compiler" -std=c99 -pedantic -x c
  done
  echo "$(wc -w <<<"$headers") headers compile $how, with $compiler."
done
exit $failed
