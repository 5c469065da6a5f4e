#!/usr/bin/env bash
# `cleave litmus hunt` finds, says how far it looked, and joins what shards found.
#   hunt.sh <cleave>
set -euo pipefail
cleave=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

status() { # <expected status> <argument>...
  local expected=$1 seen=0
  shift
  "$cleave" litmus hunt "$@" >"$folder/out" 2>&1 || seen=$?
  [[ $seen == "$expected" ]] || { echo "hunt $*: status $seen, not $expected"; cat "$folder/out"; exit 1; }
}
says() { grep -qF -- "$1" "$folder/out" || { echo "not said: $1"; cat "$folder/out"; exit 1; }; }

old=(A --starts small --words write,fork,get,unmap --races none)
status 1 "${old[@]}"
says 'leak    small: P fork; C get x -> p; C unmap x; P write x 2  [C:r0 = 2]  under A'
says '= leak/child-get-unmap'
says 'everything up to the bound'

# As a file it is a test like any other, and keeps what it expects.
mkdir "$folder/found"
status 1 "${old[@]}" --out "$folder/found"
"$cleave" litmus "$folder/found" --rules A >/dev/null

# Shards join to what one process found.
status 1 "${old[@]}" --journal "$folder/whole"
for i in 1 2; do
  "$cleave" litmus hunt "${old[@]}" --shard "$i/2" --journal "$folder/$i" >/dev/null || true
done
status 1 merge "$folder/2" "$folder/1" --into "$folder/joined"
status 1 merge "$folder/whole" --into "$folder/again"
cmp "$folder/joined" "$folder/again"
status 2 "${old[@]}" --depth 3 --journal "$folder/whole"
says 'another hunt'

status 0 F --starts small --words write,fork,get,unmap --races none
status 3 F --starts small --words write,fork,get,unmap --races none --time 0.000001
status 2 F --words writ
says 'no word "writ"'
status 2 F --starts hug
status 2 F --shard 3/2

# What has to stay clean. `make soak` looks further.
status 0 F E1 gvisor cleave --starts small,zero --words usual,-migrate --depth 2 --races sc,tso \
  --before 1 --before-words fork,swapout --race-words 'write,fork,pin fast,unmap,swapout' --after 0
status 0 cleave --starts readonly --words read --depth 1 --races sc,tso
status 0 --against engine --depth 3
