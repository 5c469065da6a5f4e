#!/usr/bin/env bash
# No name means two things in two files: the link-time optimiser compares all types (-Wodr). Each folder is compiled as one.
#   odr.sh <GCC> <flag>... -- <folder of sources>...
set -euo pipefail

if [[ -z ${CLEAVE_ODR:-} ]]; then
  echo "skipped: it compiles the whole library; CLEAVE_ODR=1 runs it, as make soak does"
  exit 77
fi
compiler=()
while [[ $# -gt 0 && $1 != -- ]]; do
  compiler+=("$1")
  shift
done
[[ $# -gt 1 ]] || {
  echo "usage: odr.sh <GCC> <flag>... -- <folder of sources>..." >&2
  exit 2
}
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Without optimisation, which the comparison does not need.
lto=("${compiler[@]}" -std=c++20 -O0 -fPIC -flto -Wodr)

compile() { # <object> <file>...
  local object=$1
  printf '#include "%s"\n' "${@:2}" | "${lto[@]}" -c -x c++ - -o "$object"
}
agree() { # <object>...
  "${lto[@]}" -shared "$@" -o "$scratch/linked.so" >"$scratch/said" 2>&1 && ! grep -q Wodr "$scratch/said"
}

# A check that cannot fail is none: two files with a type each of one name.
for type in int double; do
  echo "namespace same { struct Thing { $type a; }; $type get_$type(Thing& t) { return t.a; } }" >"$scratch/$type.cc"
  compile "$scratch/$type.o" "$scratch/$type.cc"
done
if agree "$scratch"/int.o "$scratch"/double.o; then
  echo "self check: two types of one name were let through"
  exit 1
fi

objects=()
while read -r folder; do
  files=("$folder"/*.cc)
  [[ -e ${files[0]} ]] || continue
  objects+=("$scratch/folder_${#objects[@]}.o")
  compile "${objects[-1]}" "${files[@]}"
done < <(find "$@" -type d | sort)
if ! agree "${objects[@]}"; then
  cat "$scratch/said"
  exit 1
fi
echo "${#objects[@]} folders give each name one meaning"
