#!/bin/sh
# Clang checks the locks of the libraries where it builds them: what a lock guards is used only with the lock held
# (src/base/thread_annotations.h, -Wthread-safety). Here it is seen to: a planted offence ends the build, and nothing else
# does.
#   thread_safety.sh <build folder of Clang's>
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

if cmake --build "$1" --target cleave_unguarded >"$log" 2>&1; then
  echo "a planted offence was not found"
  exit 1
fi
if ! grep -q "unguarded.cc.*error: .*requires holding mutex 'counter.lock'" "$log" || [ "$(grep -c 'error: ' "$log")" != 1 ]; then
  echo "expected was one error, of the planted offence:"
  cat "$log"
  exit 1
fi
