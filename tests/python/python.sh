#!/usr/bin/env bash
# Runs Python with the module that was built; skipped where packages that the test needs are missing.
#   python.sh <interpreter> <build folder> "<package>..." <argument>...
set -euo pipefail
python=$1 build=$2 needs=$3
shift 3
for package in $needs; do
  if ! "$python" -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$package') is None)"; then
    echo "skipped: $python has no $package (scripts/setup.sh python)"
    exit 77
  fi
done
# Nothing is written beside the sources.
export PYTHONPATH=$build/python PYTHONDONTWRITEBYTECODE=1 MPLBACKEND=agg
exec "$python" "$@"
