#!/usr/bin/env bash
# Installs the packages into a fresh Debian, and has an unprivileged user do there what the documents promise.
#   fresh_root.sh <folder of the packages>
# Ends with 77 and the reason where there can be no fresh Debian. It is built in <folder>/root with mounts that only
# this script and its children see: they end with it, killed or not. The next run removes the files that a killed one
# left.
set -euo pipefail
packages=$(realpath "${1:?usage: fresh_root.sh <folder of the packages>}")
here=$(dirname "$(realpath "$0")")

skip() {
  echo "skipped: $*"
  exit 77
}
command -v mmdebstrap apt-get >/dev/null || skip "mmdebstrap is not installed; scripts/setup.sh package installs it"
((EUID == 0)) || skip "only root can make a root for another system"
unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces can be made here"
debs=("$packages"/*.deb)
[[ -e ${debs[0]} ]] || skip "there are no packages in $packages; make deb builds them"

# Where this host gets Debian from: its own release.
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
sources=$(apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
  --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' | grep " $release" | sort -u || true)
[[ -n $release && -n $sources ]] || skip "apt knows of no Debian here; apt-get update fetches what it has"
apt_options=$(apt-config dump | grep -E '^Acquire::(Check-|[a-z]+::(Proxy|No-Cache|Timeout))' || true)

exec {turn}>"$packages/root.lock"
flock --nonblock "$turn" || skip "another run is at work in $packages/root"
root=$packages/root
rm -rf --one-file-system "$root"
trap 'rm -rf --one-file-system "$root"' EXIT
mkdir "$root"

# No installation starts services; the tools are those that a programmer has, and no more.
TMPDIR=$root setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child \
  mmdebstrap --quiet --mode=root --variant=apt \
  --include=bash-completion,cmake,g++,make,man-db,passwd,pkgconf,python3 --aptopt="$apt_options" \
  --customize-hook="copy-in ${debs[*]} $here/new_user.sh /srv" \
  --customize-hook='chroot "$1" sh -c "apt-get install --yes --no-install-recommends /srv/*.deb >/srv/log 2>&1 ||
    { cat /srv/log; exit 1; }"' \
  --customize-hook='chroot "$1" useradd --create-home newcomer' \
  --customize-hook='chroot "$1" runuser --login newcomer --command /srv/new_user.sh' \
  --customize-hook='chroot "$1" apt-get purge --yes "~i~ncleave" >/dev/null' \
  --customize-hook='! find "$1/usr" -path "*cleave*" ! -path "*/newcomer/*" | grep .' \
  "$release" /dev/null - <<<"$sources"
echo "installed in a fresh Debian $release, used, and removed without a trace"
