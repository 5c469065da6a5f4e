#!/usr/bin/env bash
# The laboratory for browsers, as `make web` built it: its module in node, and its page in a Chromium.
#   web.sh <answers> <cleave> [<folder for pictures>]
# Skipped (77) where it was not built, or is not of these sources any more.
set -euo pipefail
cd "$(dirname "$0")/../.."
answers=$1 cleave=$2
glue=build/web/lab.js module=build/web/lab.wasm page=build/web/laboratory.html

if [[ ! -e $page ]]; then
  echo "skipped: there is no $page; \`make web\` builds it where there is an emscripten"
  exit 77
fi
if [[ -n $(find lab '(' -name '*.cc' -o -name '*.h' ')' -newer "$module" -print -quit) ||
  -n $(find lab/web/page lab/report/page litmus -type f -newer "$page" -print -quit) ]]; then
  echo "skipped: $page is older than its sources; \`make web\` builds it anew"
  exit 77
fi
node tests/web/malformed.js "$glue" "$module" litmus tests/fuzz/seeds/litmus
for search in dpor states; do
  node tests/web/catalogue.js "$glue" "$module" "$answers" "$cleave" litmus "$search"
done

node tests/web/endless.js "$glue" "$module" "$cleave" litmus
node tests/web/hunt.js "$glue" "$module" "$cleave"

if command -v em++ >/dev/null; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  NODE_PATH=${NODE_PATH:-/usr/share/nodejs} em++ -std=c++20 -O1 -I. -sASYNCIFY=1 -sEXIT_RUNTIME=1 tests/web/overflow.cc \
    lab/explore/fiber/on_emscripten.cc -o "$folder/overflow.js"
  said=$(node --no-experimental-fetch "$folder/overflow.js" 2>&1) && { echo "failed: an overflow ends well: $said"; exit 1; }
  grep -q 'back from the first' <<<"$said" && grep -q 'the stack of a thread overflowed' <<<"$said" ||
    { echo "failed: an overflow is not told: $said"; exit 1; }
  echo "a stack that overflows is told"
fi

browser=$(command -v chromium || command -v chromium-browser || true)
if [[ -z $browser ]]; then
  echo "the page is not tried: no chromium here; scripts/setup.sh browser installs it"
  exit 0
fi
node tests/web/browser.js "$browser" "$page" "${3:-}"
