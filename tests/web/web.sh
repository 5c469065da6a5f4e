#!/usr/bin/env bash
# The laboratory for browsers, as `make web` built it: its module in node, and its page in a Chromium.
#   web.sh <cleave> [<folder for pictures>]
# Skipped (77) where it was not built, or is not of these sources any more.
set -euo pipefail
cd "$(dirname "$0")/../.."
cleave=$1
module=build/web/lab.wasm
page=build/web/laboratory.html

if [[ ! -e $page ]]; then
  echo "skipped: there is no $page; \`make web\` builds it"
  exit 77
fi
if [[ -n $(find lab litmus -name '*.cc' -newer "$module" -o -name '*.h' -newer "$module" -o -name '*.litmus' -newer "$page") ]]; then
  echo "skipped: $page is older than its sources; \`make web\` builds it anew"
  exit 77
fi
node tests/web/malformed.js build/web/lab.js "$module" litmus tests/fuzz/seeds/litmus
node tests/web/catalogue.js build/web/lab.js "$module" "$cleave" litmus

if command -v em++ >/dev/null; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  NODE_PATH=${NODE_PATH:-/usr/share/nodejs} em++ -std=c++20 -O1 -I. -sASYNCIFY=1 -sEXIT_RUNTIME=1 tests/web/overflow.cc lab/explore/fiber/on_emscripten.cc \
    -o "$folder/overflow.js"
  said=$(node --no-experimental-fetch "$folder/overflow.js" 2>&1) && { echo "failed: an overflow ends well: $said"; exit 1; }
  grep -q 'back from the first' <<<"$said" && grep -q 'the stack of a thread overflowed' <<<"$said" ||
    { echo "failed: an overflow is not told: $said"; exit 1; }
fi

browser=$(command -v chromium || command -v chromium-browser || true)
if [[ -z $browser ]]; then
  echo "the page is not tried: no chromium here; scripts/setup.sh browser installs it"
  exit 0
fi
node tests/web/browser.js "$browser" "$page" "${2:-}"
