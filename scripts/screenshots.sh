#!/usr/bin/env bash
# Renews the pictures of docs/reference/litmus-report.md. As root: the kernel has a column in them.
#   scripts/screenshots.sh <cleave>
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" litmus --kernel --html "$folder/page.html" >/dev/null || (($? == 1))  # 1: something was found

shoot() {  # name width height place [option]
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$folder/profile" \
    --virtual-time-budget=3000 --window-size="$2,$3" "${@:5}" --screenshot="docs/images/$1.png" \
    "file://$folder/page.html#$4" >/dev/null 2>&1
}
mkdir -p docs/images
shoot litmus-light 1180 760 'leak/child-get-unmap;A;sc;15'
shoot litmus-dark 1180 760 'leak/child-get-unmap;A;sc;15' --blink-settings=preferredColorScheme=0
shoot litmus-phone 360 780 'leak/child-get-unmap;A;sc;15'
shoot litmus-kernel 1180 860 'leak/parent-get-before-fork-hugetlb;kernel;;4'
