#!/usr/bin/env bash
# Whether a shared library has the binary interface that abi/libcleave.abi tells.
#   abi/compare.sh <libcleave.so>
# Exit status: 0: the same; 77: abigail is not installed; 1: another one.
set -euo pipefail

library=${1:?usage: abi/compare.sh <libcleave.so>}
abi=$(dirname "$0")
if ! command -v abidw >/dev/null; then
  echo "skipped: abidw is not installed (Debian: abigail-tools)"
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$abi/dump.sh" "$library" >"$scratch/now.abi"
status=0
abidiff "$abi/libcleave.abi" "$scratch/now.abi" >"$scratch/differences" || status=$?
if ((status == 0)); then
  echo "the binary interface is the one in abi/libcleave.abi: $(grep -c '<elf-symbol ' "$scratch/now.abi") symbols"
  exit 0
fi
cat "$scratch/differences"
if ((status & 8)); then
  echo "Programs that are linked with the library would break: give CLEAVE_ABI its next number. See abi/README.md."
else
  echo "The binary interface has changed: see abi/README.md for what to do."
fi
exit 1
