#!/usr/bin/env bash
# An outsider's programs compile as each language that is promised, without a warning; what must not compile does not,
# and the compiler says why.
#   languages.sh <root of the sources> <C++ compiler>
set -euo pipefail
root=$1 compiler=$2
. "$root/tests/install/installed.sh"
outsiders_programs

strict=(-Wall -Wextra -Wpedantic -Werror -I "$root/include" -fsyntax-only -x c++)

must_not_compile() { # <what the compiler must say> <compiler and its flags>...: a program from standard input
  if "${@:2}" - >"$scratch/log" 2>&1; then
    echo "this compiled, and must not: ${*:2}"
    exit 1
  fi
  grep -q -e "$1" "$scratch/log" || {
    echo "the compiler does not say \"$1\":"
    cat "$scratch/log"
    exit 1
  }
}

ignored_result() {
  printf '#include <cleave/cleave.h>\nvoid f(cleave::Space& s) { %s; }\n' "$1"
}

if ! command -v "$compiler" >/dev/null; then
  echo "skipped: $compiler is not installed"
  exit 77
fi
for language in -std=c++20 -std=c++2b "-std=c++20 -fno-exceptions -fno-rtti"; do
  for program in "${programs[@]}"; do
    # shellcheck disable=SC2086
    run "$compiler" $language "${strict[@]}" "$program"
  done
done
echo "${#programs[@]} programs compile as C++20, as C++23, and without exceptions and type information"

echo '#include <cleave/error.h>' |
  must_not_compile 'error.*cleave needs C++20' "$compiler" -std=c++17 -fsyntax-only -I "$root/include" -x c++
ignored_result '(void)s.unmap({}, 1)' >"$scratch/named.cc"
run "$compiler" -std=c++20 "${strict[@]}" "$scratch/named.cc"
ignored_result 's.unmap({}, 1)' |
  must_not_compile 'unused-result' "$compiler" -std=c++20 "${strict[@]}" -Werror=unused-result
echo "the compiler says so below C++20, and where a Result is ignored"
