#!/usr/bin/env bash
# `cleave NAME` starts cleave-NAME: from beside itself, from its prefix's libexec, or from the PATH.
#   start.sh <cleave>
set -uo pipefail
cleave=${1:?usage: start.sh <cleave>}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

expect() { # <status> <text that is printed> <command>...
  local status=$1 text=$2 printed is
  shift 2
  printed=$("$@" 2>&1 </dev/null)
  is=$?
  if [[ $is != "$status" || $printed != *"$text"* ]]; then
    echo "$*: ended with $is, expected $status and \"$text\". It printed:"
    echo "$printed"
    failed=1
  fi
}
program() { # <path> <status>: tells where it is, and what it was given
  mkdir -p "$(dirname "$1")"
  printf '#!/bin/sh\necho "$0:" "$@"\nexit %s\n' "$2" >"$1"
  chmod 755 "$1"
}

mkdir -p "$scratch/prefix/bin"
cp "$cleave" "$scratch/prefix/bin/cleave"
cleave=$scratch/prefix/bin/cleave
expect 0 "cleave " "$cleave" --version
expect 2 "cleave-demo is neither beside cleave nor on the PATH" "$cleave" demo
expect 2 "the package cleave-lab has it, and building cleave makes it" "$cleave" litmus
expect 2 "as the target cleave_tool_litmus, with CLEAVE_LAB=ON" "$cleave" litmus --help
expect 0 "Not built here: demo sqlite run image bench litmus doctor" "$cleave" --help
expect 2 "perhaps bench?" "$cleave" brench
expect 2 "there is no command ../bin/x" "$cleave" ../bin/x

PATH=$scratch/elsewhere:$PATH
program "$scratch/elsewhere/cleave-demo" 3
expect 3 "elsewhere/cleave-demo: space --quick a b" "$cleave" demo space --quick "a b"
program "$scratch/prefix/libexec/cleave/cleave-demo" 4
expect 4 "prefix/libexec/cleave/cleave-demo: --json" "$cleave" demo --json
program "$scratch/prefix/bin/cleave-demo" 5
expect 5 "prefix/bin/cleave-demo: --help" "$cleave" help demo
expect 0 "  demo  " "$cleave" help
program "$scratch/elsewhere/cleave-mine" 0
expect 0 "elsewhere/cleave-mine: -x" "$cleave" mine -x
chmod 644 "$scratch/elsewhere/cleave-mine"
expect 2 "there is no command mine" "$cleave" mine

# It is found by where it is, not by what it was called.
ln -s "$cleave" "$scratch/elsewhere/other"
expect 5 "prefix/bin/cleave-demo" "$scratch/elsewhere/other" demo
exit $failed
