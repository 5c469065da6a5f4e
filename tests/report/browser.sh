#!/usr/bin/env bash
# The page of `cleave litmus --html` in a browser: its self-test opens every cell and steps through every run by keys.
#   browser.sh <cleave>
# Skipped (77) where there is no chromium: `scripts/setup.sh browser` installs it.
set -euo pipefail

browser=$(command -v chromium || command -v chromium-browser || true)
if [[ -z $browser ]]; then
  echo "skipped: no chromium here; scripts/setup.sh browser installs it"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$1" litmus --html "$folder/page.html" >"$folder/table" || (($? == 1))  # 1: some tests deviate
timeout 250 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" \
  --virtual-time-budget=5000 --window-size=1280,900 --dump-dom "file://$folder/page.html#selftest" \
  >"$folder/dom" 2>"$folder/messages" || { tail -5 "$folder/messages"; echo "chromium failed"; exit 1; }

result=$(sed -n '/<pre id="selftest">/,/<\/pre>/p' "$folder/dom" | sed 's/<[^>]*>//g')
echo "${result:-the page did not come to its end}"
[[ $result == "selftest: passed"* ]]
# It did something: every run has steps.
[[ $result =~ runs\ ([0-9]+) ]] && ((BASH_REMATCH[1] > 100))
