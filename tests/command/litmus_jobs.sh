#!/bin/sh
# What `cleave litmus` finds is the same, to the letter, whatever --jobs is; for the engine too.
set -eu
cleave=$1

found() {
  "$cleave" litmus two-writers fork-against-fast-pin child-gone "$@" | sed 's/ in [0-9.]* s//; s/[0-9.]* s$//'
}

for memory in sc tso; do
  one=$(found --memory "$memory" --jobs 1 -v)
  for more in "--jobs 2" "-j 5" "--threads 3"; do
    # shellcheck disable=SC2086 # two words
    if [ "$(found --memory "$memory" $more -v)" != "$one" ]; then
      echo "under $memory, $more finds something else than --jobs 1:"
      found --memory "$memory" $more -v
      exit 1
    fi
  done
done
case $one in *engine*) ;; *) exit 1 ;; esac
