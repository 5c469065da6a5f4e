#!/usr/bin/env bash
# The C++ examples in the README are examples/arena.cc and examples/first.cc, to the letter.
set -euo pipefail
cd "$(dirname "$0")/../.."

# The n-th block of C++ in the README.
shown() {
  awk -v wanted="$1" '/^```cpp$/ { inside = ++count == wanted; next } /^```$/ { inside = 0 } inside' README.md
}

n=0
for example in examples/arena.cc examples/first.cc; do
  n=$((n + 1))
  diff <(shown "$n") "$example" || {
    echo "README.md: its example $n differs from $example (left: README)" >&2
    exit 1
  }
done
echo "the README shows its $n examples"
