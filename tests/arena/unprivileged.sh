#!/usr/bin/env bash
# What is tested of arenas and heaps holds for nobody too, with no locked memory. Status 77: nobody cannot be had here.
#   unprivileged.sh <tests> <filter>
set -euo pipefail

tests=${1:?usage: unprivileged.sh <tests> <filter>} filter=$2
if [[ $EUID != 0 ]]; then
  echo "skipped: only root can become nobody; who runs this is unprivileged already"
  exit 77
fi
command -v setpriv prlimit || {
  echo "skipped: setpriv or prlimit is missing"
  exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 777 "$scratch"
cp "$tests" "$scratch/tests"  # nobody may not look into the folder of the build
cd "$scratch"
export TMPDIR=$scratch HOME=$scratch
prlimit --memlock=0 setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
  "$scratch/tests" --gtest_brief=1 --gtest_filter="$filter" | tee "$scratch/said"
passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests.*/\1/p' "$scratch/said")
if ((${passed:-0} < 30)); then
  echo "only ${passed:-0} tests passed: the filter does not find the suites of arenas any more"
  exit 1
fi
