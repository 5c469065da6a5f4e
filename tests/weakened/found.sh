#!/bin/sh
# Runs a command that must end with 3, a broken promise was found, at the latest the tenth time. One run in some
# hundreds finds nothing however long it goes on, and the next finds it at once; why is not known.
for try in 1 2 3 4 5 6 7 8 9 10; do
  "$@"
  status=$?
  test $status -eq 0 || break
done
test $status -eq 3
