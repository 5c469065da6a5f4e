#!/usr/bin/env bash
# What debian/ says is what the build says: the version, the number of the binary interface, the commands.
#   packaging.sh <root of the sources>
set -euo pipefail
cd "${1:?usage: packaging.sh <root of the sources>}"
failed=0

same() { # <what> <in the build> <in debian/>
  [[ -n $2 && $2 == "$3" ]] || { echo "$1: the build says \"$2\", debian/ says \"$3\""; failed=1; }
}
sorted() { tr ' ' '\n' | sort -u | xargs; }

same version "$(sed -n 's/^  VERSION //p' CMakeLists.txt)" "$(sed -n '1s/.*(\(.*\)-[0-9]*).*/\1/p' debian/changelog)"
abi=$(sed -n 's/^set(CLEAVE_ABI \(.*\))/\1/p' cmake/abi.cmake)
same "package of the library" "libcleave$abi" "$(sed -n 's/^Package: \(libcleave[0-9.]*\)$/\1/p' debian/control)"
same "what libcleave-dev needs" "libcleave$abi" "$(sed -n 's/^ \(libcleave[0-9.]*\) (= .*/\1/p' debian/control)"
same "package of the backings" "libcleave-backing$abi" \
  "$(sed -n 's/^Package: \(libcleave-backing[0-9.]*\)$/\1/p' debian/control)"
same "files of the backings" "debian/libcleave-backing$abi.install" "$(ls debian/libcleave-backing[0-9]*.install)"
same "package of the images" "libcleave-image$abi" \
  "$(sed -n 's/^Package: \(libcleave-image[0-9.]*\)$/\1/p' debian/control)"
same "files of the images" "debian/libcleave-image$abi.install" "$(ls debian/libcleave-image[0-9]*.install)"
same "package of the stores in S3" "libcleave-image-s3-$abi" \
  "$(sed -n 's/^Package: \(libcleave-image-s3-[0-9.]*\)$/\1/p' debian/control)"
same "files of the stores in S3" "debian/libcleave-image-s3-$abi.install" "$(ls debian/libcleave-image-s3-[0-9]*.install)"
same "package of the stores in RADOS" "libcleave-image-rados$abi" \
  "$(sed -n 's/^Package: \(libcleave-image-rados[0-9.]*\)$/\1/p' debian/control)"
same "files of the stores in RADOS" "debian/libcleave-image-rados$abi.install" "$(ls debian/libcleave-image-rados[0-9]*.install)"
same "files of the library" "debian/libcleave$abi.install" "$(ls debian/libcleave[0-9]*.install)"
# A library that is packaged has a package to build with.
same "packages to build with" "$(sed -n 's/^Package: \(libcleave\(-[a-z0-9-]*[a-z3]\)\?\)-\?[0-9.]*$/\1-dev/p' debian/control |
  grep -v -e -dev-dev -e -doc-dev | sorted)" "$(sed -n 's/^Package: \(libcleave.*-dev\)$/\1/p' debian/control | sorted)"
same commands "$(sed -n 's/^ *Command{"\([a-z]*\)".*/\1/p' tools/cleave/commands.h | sorted)" \
  "$(sed -n 's,^usr/libexec/cleave/cleave-,,p' debian/*.install | sorted)"
same "man pages" "$(sed -n 's/^ *Command{"\([a-z]*\)".*/cleave-\1.1/p' tools/cleave/commands.h | sorted)" \
  "$(sed -n 's,^usr/share/man/man1/\(cleave-.*\),\1,p' debian/*.install | sorted)"
# What is packaged was made by packages that setup.sh installs, too.
for package in $(sed -n '/^Build-Depends:/,/^Build-Depends-Indep/s/^ \([a-z0-9-]*-dev\),$/\1/p' debian/control); do
  grep -qw -- "$package" scripts/setup.sh || { echo "scripts/setup.sh: does not install $package"; failed=1; }
done
((failed == 0)) && echo "debian/ and the build agree"
exit $failed
