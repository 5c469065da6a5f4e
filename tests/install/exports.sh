#!/usr/bin/env bash
# A shared library shows its public names and nothing else.
#   exports.sh <libcleave.so, libcleave-backing.so>
set -euo pipefail
library=${1:?usage: exports.sh <library>}

shown=$(nm --dynamic --defined-only --demangle "$library" | cut -d ' ' -f 3-)
version=$(sed -n 's/^\(CLEAVE_[0-9.]*\)$/\1/p' <<<"$shown")
[[ -n $version ]] || {
  echo "the library's symbols have no version"
  exit 1
}
c=$(grep -E "^cleave_[a-z0-9_]+@@$version\$" <<<"$shown" || true)
# Constructors and destructors have two names each in the table, and one here.
cpp=$(grep -E "^((vtable|typeinfo|typeinfo name) for )?cleave::" <<<"$shown" | sort -u)
others=$(grep -vE "^((vtable|typeinfo|typeinfo name) for )?cleave::|^cleave_[a-z0-9_]+@@$version\$|^$version\$" <<<"$shown" || true)
internal=$(grep -F -e 'cleave::detail' <<<"$cpp" || true)
if [[ -n $others$internal ]]; then
  echo "these names are not public, and shown:"
  printf '%s\n' "$others" "$internal"
  exit 1
fi

# A check that cannot fail is none: the library has names that it hides.
grep -q 'cleave::detail::' < <(nm --defined-only --demangle "$library") || {
  echo "self check: the library has no name that could have been shown"
  exit 1
}
if readelf --dynamic --wide "$library" | grep STATIC_TLS; then
  echo "the library needs static thread-local storage, of which a plug-in that is loaded late may find none"
  exit 1
fi
soname=$(readelf --dynamic --wide "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
[[ $soname == "$(basename "$library").${version#CLEAVE_}" ]] || {
  echo "the symbols are of $version, and the library is $soname"
  exit 1
}
echo "$soname shows $(wc -l <<<"$cpp") C++ names and $(grep -c . <<<"$c" || true) C functions, of $version"
