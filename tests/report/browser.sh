#!/usr/bin/env bash
# The page of `cleave litmus --html` in a browser: its self-test opens every cell and steps through every run by keys.
#   browser.sh <cleave> <page of all tests>
# Skipped (77) where there is no chromium: `scripts/setup.sh browser` installs it.
set -euo pipefail
. "$(dirname "$0")/../support/machine.sh"
cleave=$1 page=$2

browser=$(command -v chromium || command -v chromium-browser || true)
if [[ -z $browser ]]; then
  echo "skipped: no chromium here; scripts/setup.sh browser installs it"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Opens the page, in the narrowest window that has table and run side by side or as wide as said, and sets `result` to what its self-test says.
test_in_browser() { # <page> [<width>]
  timeout 250 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" \
    --virtual-time-budget=5000 --window-size="${2:-1160},900" --dump-dom "file://$1#selftest" \
    >"$folder/dom" 2>"$folder/messages" || { tail -5 "$folder/messages"; echo "chromium failed"; exit 1; }
  result=$(sed -n '/<pre id="selftest">/,/<\/pre>/p' "$folder/dom" | sed 's/<[^>]*>//g')
  echo "${result:-the page did not come to its end}"
  [[ $result == "selftest: passed"* ]]
}
# Whether the self-test went through more than so many runs.
had_runs() { [[ $result =~ runs\ ([0-9]+) ]] && ((BASH_REMATCH[1] > $1)); }

test_in_browser "$page"
had_runs 100

# The engine's own runs can be stepped through, too, those that break with the lines that were about to run; and what the page
# says how to repeat can be repeated.
"$cleave" litmus fork-against-fast-pin write-against-fork child-gone --rules engine --html "$folder/engine.html" >"$folder/table"
test_in_browser "$folder/engine.html"
had_runs 0
"$cleave" litmus fork-against-fast-pin --rules engine --drop section.writer_left --html "$folder/broken.html" \
  >"$folder/table" && { echo "a fork that waits for no writer is not found"; exit 1; }
test_in_browser "$folder/broken.html"
had_runs 0
grep -q 'frames/state/frame_state.h:[0-9]*  .*word_.load' "$folder/broken.html"
grep -q '"failures":\[\["broken"' "$folder/broken.html"
token=$(grep -o '"token":"[^"]*"' "$folder/broken.html" | sed -n 1p | cut -d'"' -f4)
"$cleave" litmus fork-against-fast-pin --rules engine --replay "$token" >"$folder/replayed" || true
grep -q 'a pinned frame was about to be shared' "$folder/replayed"

# And the page of a hunt.
"$cleave" litmus hunt A --starts small,zero --words write,fork,get,unmap,pin --races sc --before 0 --after 0 \
  --html "$folder/hunt.html" >"$folder/table" || (($? == 1))
grep -q '"catalogue":"leak/child-get-unmap"' "$folder/hunt.html"
test_in_browser "$folder/hunt.html"
[[ $result == *"findings "[1-9]* && $result == *"parts 12"* ]]
test_in_browser "$folder/hunt.html" 500

take_turn_on_the_machine
# With the kernel beside the rule-sets: as root its runs can be stepped through, else its cells say why it has none.
"$cleave" litmus leak --html "$folder/rules.html" >"$folder/table"
test_in_browser "$folder/rules.html"
[[ $result =~ runs\ ([0-9]+) ]] && by_rules=${BASH_REMATCH[1]}
"$cleave" litmus --kernel leak --time 0.1 --html "$folder/kernel.html" >"$folder/table"
test_in_browser "$folder/kernel.html"
test_in_browser "$folder/kernel.html" 500  # as on a phone
grep -q '"name":"kernel"' "$folder/kernel.html"
if ! grep -q skipped "$folder/table"; then had_runs "$by_rules"; fi
