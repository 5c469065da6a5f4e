#!/usr/bin/env bash
# Builds the laboratory as one page, build/web/laboratory.html, by emscripten's compiler.
#   scripts/web.sh [<jobs>]
# Skipped (77) where that is missing: `scripts/setup.sh web` installs it.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-$(nproc)}

for tool in emcmake node; do
  if ! command -v "$tool" >/dev/null; then
    echo "skipped: no $tool here; scripts/setup.sh web installs it"
    exit 77
  fi
done
unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS  # what a packager sets is for this system's compiler
export NODE_PATH=${NODE_PATH:-/usr/share/nodejs}  # where Debian keeps what the linker's scripts need
emcmake cmake -S lab/web/wasm -B build/web -G Ninja
cmake --build build/web -j "$jobs"
node lab/web/page/make.js build/web/lab.js build/web/lab.wasm . build/web/laboratory.html

bytes() { wc -c; }
packed=$(gzip -9 <build/web/lab.wasm | bytes)
page=$(bytes <build/web/laboratory.html)
echo "build/web/laboratory.html: $page bytes; the module is $packed bytes packed"
if ((packed > 500000 || page > 1000000)); then
  echo "web: the module may have 500000 bytes packed, the page 1000000" >&2
  exit 1
fi
