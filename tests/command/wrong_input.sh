#!/usr/bin/env bash
# What the command line says when it is given what it cannot use: what, where, what next; and status 2.
#   wrong_input.sh <cleave>
set -uo pipefail
cleave=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

expect() { # <text that is printed> <argument>...
  local text=$1 printed status
  shift
  printed=$("$cleave" "$@" 2>&1 </dev/null)
  status=$?
  if [[ $status != 2 || $printed != *"$text"* ]]; then
    echo "cleave $*: ended with $status, expected 2 and \"$text\". It printed:"
    echo "$printed"
    failed=1
  fi
}

lost() { # <argument>...: what is printed goes to a full disk
  "$cleave" "$@" >/dev/full 2>"$folder/said" </dev/null
  local status=$?
  if [[ $status != 2 ]] || ! grep -q "No space left on device" "$folder/said"; then
    echo "cleave $* >/dev/full: ended with $status, expected 2 and a reason. It said:"
    cat "$folder/said"
    failed=1
  fi
}

echo "no database" >"$folder/text"
mkfifo "$folder/fifo"

expect "say what to do; the commands are: demo"
expect "there is no command demmo; perhaps demo? The commands are: demo" demmo
expect "there is no command undo; the commands are: demo" undo
expect "there is no option --verison" --verison
expect "/none.db: No such file or directory; give an SQLite database" demo "$folder/none.db"
expect "it is a folder; give an SQLite database" demo "$folder"
expect "/text: file is not a database; give an SQLite database" demo "$folder/text"
expect "/fifo: it is no regular file; give an SQLite database" demo "$folder/fifo"
expect "/none.db: No such file or directory; give an SQLite database" sqlite "$folder/none.db"
expect "it is a folder; give an SQLite database" sqlite "$folder"
expect "/fifo: it is no regular file; give an SQLite database" sqlite "$folder/fifo"
expect "take async, sigbus, mprotect or automatic" sqlite --tracking software
expect "there is no such file; give the path of one that exists" demo space "$folder/none"
expect "this is a directory; give the path of a file in it" demo space "$folder"
if "$cleave" --help | grep '^  bench ' >/dev/null; then
  expect "nothing is called forks; --list shows what there is" bench forks
  lost bench --list
fi
expect "not expected: more" doctor more
lost --version
lost litmus child-get-unmap
lost litmus rules
lost sqlite --help
exit $failed
