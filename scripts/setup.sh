#!/usr/bin/env bash
# Installs the packages that are missing. Each word adds what one thing needs:
#   scripts/setup.sh            to build and test
#   scripts/setup.sh library    to build the library, no more
#   scripts/setup.sh demo       to build the library and the demo
#   scripts/setup.sh lint       to check the style as well
#   scripts/setup.sh browser    to test the page of `cleave litmus --html` as well
#   scripts/setup.sh campaign   to test hunts that workers share by a Redis server as well
#   scripts/setup.sh web        to build the laboratory as a page for browsers as well
#   scripts/setup.sh outsider   to test as well what outsiders meet: the binary interface, and another compiler
#   scripts/setup.sh python     to build the Python module, and to test it
#   scripts/setup.sh docs       to write the reference, and to test man pages and completions with all their readers
#   scripts/setup.sh package    to build the packages, and to try them in a Debian of their own
#   scripts/setup.sh arm64      to build for arm64, and to run that under qemu-user
#   scripts/setup.sh ceph       to test repositories in S3 and RADOS on a Ceph of one node
#   scripts/setup.sh fuzz       to breed inputs for the fuzz targets as well
set -euo pipefail

packages=()
tools=()
need_library() {
  packages+=(cmake g++ libexpected-dev liblz4-dev libssl-dev liburing-dev libxxhash-dev libzstd-dev ninja-build pkgconf)
  tools+=(cmake g++ ninja pkg-config)
}
need_demo() {
  need_library
  packages+=(libcli11-dev libedit-dev libfmt-dev libsqlite3-dev nlohmann-json3-dev)
}
need_everything() {
  need_demo
  packages+=(binutils ccache iso-codes libboost-context-dev libcurl4-openssl-dev libgmock-dev libgtest-dev libhiredis-dev
    liblua5.4-dev libmimalloc-dev librados-dev liburcu-dev)
  tools+=(objdump)
}
case ${1:-} in
  '') need_everything ;;
  library) need_library ;;
  demo) need_demo ;;
  lint) need_everything; packages+=(clang clang-format clang-tidy); tools+=(clang++ clang-format clang-tidy) ;;
  campaign) packages+=(redis-tools); tools+=(redis-check-rdb) ;;
  browser) packages+=(chromium); tools+=(chromium) ;;
  web) packages+=(cmake emscripten libexpected-dev libfmt-dev libxxhash-dev ninja-build nlohmann-json3-dev); tools+=(em++ node) ;;
  outsider) packages+=(abigail-tools clang); tools+=(abidw clang++) ;;
  python)
    packages+=(mypy pybind11-dev python3-dev python3-hypothesis python3-matplotlib python3-numpy python3-pytest)
    tools+=(python3)
    ;;
  docs) packages+=(doxygen fish man-db mandoc zsh); tools+=(doxygen) ;;
  package)
    packages+=(debhelper dh-python doxygen dpkg-dev fakeroot lintian mmdebstrap pybind11-dev python3-dev)
    tools+=(doxygen dpkg-buildpackage lintian mmdebstrap)
    ;;
  arm64) packages+=(g++-aarch64-linux-gnu mmdebstrap qemu-user-static) ;;
  ceph)
    packages+=(ceph-common ceph-mon ceph-osd curl iproute2 python3 radosgw)
    tools+=(ceph ceph-mon ceph-osd curl ip python3 radosgw)
    ;;
  fuzz) packages+=(libclang-rt-14-dev) ;;
  *) echo "setup: no such word: $1; the first lines of $0 list them" >&2; exit 2 ;;
esac

# Without apt nothing can be installed from here, but everything may well be there.
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  missing=()
  for tool in "${tools[@]}"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  echo "setup: this system has no apt. Needed are what Debian calls:" "${packages[@]}"
  if ((${#missing[@]})); then
    echo "setup: not found: ${missing[*]}. Please install these and run this again." >&2
    exit 1
  fi
  echo "setup: the tools are there; going on."
  exit 0
fi

# dpkg-query fails when it does not know a package, and still lists the others.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null |
  sed -n 's/^installed //p' || true)
missing=()
for package in "${packages[@]}"; do
  [[ $'\n'$installed$'\n' == *$'\n'"$package"$'\n'* ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "setup: missing packages, and neither root nor sudo to install them. As root, run:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update || echo "setup: the package lists could not be renewed; trying those there are"
# Another apt may be at work, on a fresh machine most of all: its lock is waited for.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends "${missing[@]}"
