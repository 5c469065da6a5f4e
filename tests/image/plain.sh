#!/usr/bin/env bash
# A C program looks at what was pushed by the command.
#   plain.sh <plain> <cleave>
set -euo pipefail
plain=$1 cleave=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
head -c 300000 /dev/urandom >"$scratch/file"
"$cleave" image init "$scratch/store" >/dev/null
"$cleave" image push "$scratch/store" main "$scratch/file" >/dev/null
"$plain" "$scratch/store" "$scratch/file"
