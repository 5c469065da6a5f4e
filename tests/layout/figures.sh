#!/usr/bin/env bash
# scripts/benchmarks.py puts figures where a document names them, and leaves the rest alone, such as all of
# docs/reference/benchmarks.md where nothing was measured.
#   figures.sh <root of the sources>
# Skipped (77) where there is no Python.
set -euo pipefail

if ! python3 -c '' 2>/dev/null; then
  echo "skipped: scripts/benchmarks.py needs python3, which is not installed"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/page.md" <<'END'
Words | with a bar.

| row | what | `faults` | ours | baseline | ratio | goal |
| --- | --- | --- | --- | --- | --- | --- |
| `a/b` | words | ? | ? | ? | ? | ? |
| `not/measured` | words | 1 | 2 | 3 | 4 | |

<!-- grid/{row}/{column} -->
| size, pages | `fast` | vs-fork |
| --- | --- | --- |
| 1 GiB, 1,000 | ? | ? |
END
# As a measurement leaves it that was cut short.
cat >"$folder/figures.json" <<'END'
[{"name": "a/b", "unit": "ns", "median": 1234, "min": 999.6, "max": 2.5e6, "baseline": "that", "baseline_median": 62,
  "ratio": 0.0502, "goal": "2 times", "met": false, "faults": 73.2},
 {"name": "grid/1GiB/1000/fast", "unit": "bytes", "median": 2048, "baseline": null},
 {"name": "grid/1GiB/1000/vs-fork", "unit": "ns", "median": 1, "baseline": "fork(2)", "baseline_median": 63800000},
END
cp "$folder/page.md" "$folder/before.md"
cp "$folder/page.md" "$folder/expected.md"
sed -i -e 's/| `a\/b` .*/| `a\/b` | words | 73.2 | 1.23 us | 62 ns | 0.0502 | **missed**: 2 times |/' \
  -e 's/| 1 GiB, 1,000 .*/| 1 GiB, 1,000 | 2 KiB | 63.8 ms |/' "$folder/expected.md"

"$1/scripts/benchmarks.py" "$folder/page.md" "$folder/figures.json"
diff "$folder/expected.md" "$folder/page.md"
# One that was cut inside a row has those before it.
truncate -s -50 "$folder/figures.json"
cp "$folder/before.md" "$folder/page.md"
sed -i 's/ 63.8 ms |/ ? |/' "$folder/expected.md"
"$1/scripts/benchmarks.py" "$folder/page.md" "$folder/figures.json"
diff "$folder/expected.md" "$folder/page.md"
# What fails leaves the document alone.
echo '[{"name": "a/b"}]' >"$folder/figures.json"
if "$1/scripts/benchmarks.py" "$folder/page.md" "$folder/figures.json" 2>/dev/null; then exit 1; fi
diff "$folder/expected.md" "$folder/page.md"

cp "$1/docs/reference/benchmarks.md" "$folder/page.md"
echo '[]' >"$folder/figures.json"
"$1/scripts/benchmarks.py" "$folder/page.md" "$folder/figures.json"
diff "$1/docs/reference/benchmarks.md" "$folder/page.md"
