#!/bin/sh
# Clang checks the locks of the engine: what a lock guards is used only with the lock held
# (src/base/thread_annotations.h). And it would notice: a planted offence must be found.
#   thread_safety.sh <root of the project> <flag for Clang>...
root=$1
shift
clang=$(command -v clang++ || command -v clang++-14) || {
  echo "skipped: no clang++ is installed"
  exit 77
}
check() {
  "$clang" -std=c++20 -fsyntax-only -I"$root/include" -I"$root/src" "$@" \
    -Wthread-safety -Werror=thread-safety
}

unit=$(mktemp --suffix=.cc) || exit 1
trap 'rm -f "$unit"' EXIT

# A room at a time: its files in one unit, so that the standard headers are read once.
failed=0
for room in $(find "$root/src" -name '*.cc' -printf '%h\n' | sort -u); do
  for file in "$room"/*.cc; do echo "#include \"$file\""; done >"$unit"
  check "$@" "$unit" || failed=1
done
[ $failed -eq 0 ] || exit 1

cat >"$unit" <<'OFFENCE'
#include "sync/mutex.h"
struct Counter {
  cleave::detail::sync::mutex lock;
  int count CLEAVE_GUARDED_BY(lock) = 0;
};
int without_the_lock(Counter& counter) { return ++counter.count; }
OFFENCE
if check "$@" "$unit" 2>/dev/null; then
  echo "a planted offence was not found"
  exit 1
fi
sed -i 's/{ return ++/{ const cleave::detail::sync::Guard guard(counter.lock); return ++/' "$unit"
check "$@" "$unit" || { echo "and with the lock it is an offence no longer"; exit 1; }
