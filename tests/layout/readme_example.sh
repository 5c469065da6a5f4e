#!/usr/bin/env bash
# The example in the README is examples/first.cc, to the letter.
set -euo pipefail
cd "$(dirname "$0")/../.."

shown=$(awk '/^```cpp$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' README.md)
if [[ -z $shown ]]; then
  echo "README.md shows no C++ example" >&2
  exit 1
fi
diff <(printf '%s\n' "$shown") examples/first.cc || {
  echo "README.md: its example differs from examples/first.cc (left: README)" >&2
  exit 1
}
echo "the README shows examples/first.cc"
