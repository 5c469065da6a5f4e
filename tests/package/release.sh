#!/usr/bin/env bash
# The source release is the same bytes each time, and installs what the README's example is built with, where there
# is no git.
#   release.sh <root of the sources>
set -euo pipefail
root=$(realpath "${1:?usage: release.sh <root of the sources>}")
[[ -e $root/.git ]] || { echo "skipped: this is no checkout, and a release is made from one"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

quietly() {
  "$@" >"$scratch/log" 2>&1 || { echo "failed: $*"; cat "$scratch/log"; exit 1; }
}

quietly "$root/scripts/dist.sh" "$scratch/one"
quietly "$root/scripts/dist.sh" "$scratch/two"
cmp "$scratch"/{one,two}/cleave-*.tar.gz
(cd "$scratch/one" && sha256sum --quiet --check cleave-*.sha256)

mkdir "$scratch/unpacked"
tar --extract --file "$scratch"/one/cleave-*.tar.gz --directory "$scratch/unpacked" --strip-components 1
export GIT_DIR=$scratch/none
quietly make -C "$scratch/unpacked" install PREFIX="$scratch/prefix"
export PKG_CONFIG_PATH=$scratch/prefix/lib/pkgconfig
read -ra flags < <(pkg-config --cflags --libs cleave)
quietly g++ -std=c++20 "$scratch/unpacked/examples/first.cc" "${flags[@]}" -o "$scratch/first"
[[ $("$scratch/first") == "child 2, parent 1"* ]]
echo "$(ls "$scratch/one" | xargs): unpacked, installed, used"
