#!/usr/bin/env bash
# Builds the Debian packages from a copy of the sources as they lie here, and has lintian look at them.
#   scripts/deb.sh <folder>   leaves the packages in it; DEB_BUILD_OPTIONS as for dpkg-buildpackage
set -euo pipefail
mkdir -p "${1:?usage: deb.sh <folder>}"
folder=$(realpath "$1")
cd "$(dirname "$0")/.."

version=$(dpkg-parsechangelog -S Version)
copy=$folder/cleave-${version%-*}
rm -rf "$copy" "$folder/debug" "$folder"/*.{deb,changes,buildinfo}
mkdir "$copy"

# What a checkout has, or what a release unpacked to.
sources() {
  if [[ -e .git ]]; then
    git ls-files -z --cached --others --exclude-standard
  else
    find . -path ./build -prune -o -type f -print0
  fi
}
sources | tar --create --null --files-from=- | tar --extract --directory "$copy"

# Without the module's sources its package is left out; without the other compiler the page for browsers.
profiles=${DEB_BUILD_PROFILES:-}
[[ -e adapters/python/CMakeLists.txt ]] || profiles+=" nopython"
if ! command -v em++ >/dev/null || ! command -v node >/dev/null; then
  echo "deb: no emscripten here; the packages have no page for browsers (scripts/setup.sh web installs it)"
  profiles+=" pkg.cleave.noweb"
fi
export DEB_BUILD_PROFILES=${profiles# }

# The packager's home is none; a compiler's cache need not go with it.
export CCACHE_DIR=${CCACHE_DIR:-$(ccache --get-config cache_dir 2>/dev/null || true)}
(cd "$copy" && dpkg-buildpackage --unsigned-source --unsigned-changes --build=binary)
# These are not sent to Debian, where a first upload closes the bug that asked for it.
# By what it says and not by its status, which counts what is suppressed.
said=$(lintian --allow-root --fail-on none --suppress-tags initial-upload-closes-no-bugs --show-overrides \
  "$folder"/*.changes)
echo "$said"
! grep -E '^[EW]:' <<<"$said" || exit 1
rm -rf "$copy"
# Debugging symbols apart, so that what lies in the folder is what users install.
mkdir -p "$folder/debug" && mv "$folder"/*-dbgsym_*.deb "$folder/debug"
ls "$folder"/*.deb
