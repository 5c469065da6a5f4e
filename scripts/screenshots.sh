#!/usr/bin/env bash
# Renews the pictures of docs/litmus-report.md.
#   scripts/screenshots.sh <cleave>
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" litmus --html "$folder/page.html" >/dev/null || (($? == 1))  # 1: some tests deviate

shoot() {  # name width height [option]
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$folder/profile" \
    --virtual-time-budget=3000 --window-size="$2,$3" "${@:4}" --screenshot="docs/images/$1.png" \
    "file://$folder/page.html#leak/child-get-unmap;A;sc;15" >/dev/null 2>&1
}
mkdir -p docs/images
shoot litmus-light 1180 760
shoot litmus-dark 1180 760 --blink-settings=preferredColorScheme=0
shoot litmus-phone 360 780
