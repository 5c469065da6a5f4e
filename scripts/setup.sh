#!/usr/bin/env bash
# Installs the packages that building needs, as far as they are missing.
#   scripts/setup.sh        to build and test
#   scripts/setup.sh lint   to check the style as well
#   scripts/setup.sh browser   to test the page of `cleave litmus --html` as well
#   scripts/setup.sh outsider   to test as well what outsiders meet: the binary interface, and another compiler
#   scripts/setup.sh docs   to write the reference, and to test man pages and completions with every reader of them
#   scripts/setup.sh package   to build the packages, and to try them in a Debian of their own
#   scripts/setup.sh fuzz   to breed inputs for the fuzz targets as well
set -euo pipefail

packages=(binutils ccache cmake g++ iso-codes libboost-context-dev libcli11-dev libedit-dev libexpected-dev
  libfmt-dev libgmock-dev libgtest-dev liblua5.4-dev libmimalloc-dev libsqlite3-dev liburcu-dev liburing-dev
  libxxhash-dev ninja-build nlohmann-json3-dev pkgconf)
tools=(cmake g++ ninja pkg-config objdump)
if [[ ${1:-} == lint ]]; then
  packages+=(clang clang-format clang-tidy)
  tools+=(clang++ clang-format clang-tidy)
elif [[ ${1:-} == browser ]]; then
  packages+=(chromium)
  tools+=(chromium)
elif [[ ${1:-} == outsider ]]; then
  packages+=(abigail-tools clang)
  tools+=(abidw clang++)
elif [[ ${1:-} == docs ]]; then
  packages+=(doxygen fish man-db mandoc zsh)
  tools+=(doxygen)
elif [[ ${1:-} == package ]]; then
  packages+=(debhelper doxygen dpkg-dev fakeroot lintian mmdebstrap)
  tools+=(doxygen dpkg-buildpackage lintian mmdebstrap)
elif [[ ${1:-} == fuzz ]]; then
  packages+=(libclang-rt-14-dev)
fi

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
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install --yes --no-install-recommends "${missing[@]}"
