#!/usr/bin/env bash
# Writes the source release: what is committed, under the version's name, the same bytes each time; and its checksum.
#   scripts/dist.sh <folder> [commit]
set -euo pipefail
mkdir -p "${1:?usage: dist.sh <folder> [commit]}"
folder=$(realpath "$1") commit=${2:-HEAD}
cd "$(dirname "$0")/.."

version=$(git show "$commit:CMakeLists.txt" | sed -n 's/^  VERSION //p')
name=cleave-$version
[[ -z $(git status --porcelain --untracked-files=no) ]] || echo "dist: changes that are not committed are left out"

# With neither the time of packing nor the name of the packer in it.
git -c tar.umask=0022 archive --format=tar --prefix="$name/" "$commit" | gzip --no-name --best >"$folder/$name.tar.gz"
(cd "$folder" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "$folder/$name.tar.gz: $(git rev-parse --short "$commit")"
