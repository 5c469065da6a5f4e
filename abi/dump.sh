#!/usr/bin/env bash
# Prints the binary interface of a shared library that was built with debug information.
#   abi/dump.sh <libcleave.so>
set -euo pipefail

abidw --suppressions "$(dirname "$0")/private.abignore" --exported-interfaces-only --no-elf-needed \
  --no-corpus-path --no-comp-dir-path --no-show-locs --no-parameter-names --type-id-style hash \
  "${1:?usage: abi/dump.sh <libcleave.so>}"
