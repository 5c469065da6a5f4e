#!/usr/bin/env bash
# Builds the library, the README's examples and the library's tests for arm64, and runs them under qemu-user.
#   scripts/arm64.sh [<gtest filter>]
# Ends with 77 and the reason where that cannot be done. docs/explanation/arm64.md says what it shows, and what not.
set -euo pipefail
cd "$(dirname "$0")/.."
root=build/arm64/root

skip() {
  echo "skipped: $*"
  exit 77
}
for tool in aarch64-linux-gnu-g++ qemu-aarch64-static mmdebstrap; do
  command -v $tool >/dev/null || skip "there is no $tool here; scripts/setup.sh arm64 installs it"
done

# What the host's own release has for arm64, unpacked only.
if [[ ! -e $root/.complete ]]; then
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  sources=$(apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
    --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' | grep " $release" | sort -u || true)
  [[ -n $release && -n $sources ]] || skip "apt knows of no Debian here; apt-get update fetches what it has"
  options=$(apt-config dump | grep -E '^Acquire::(Check-|[a-z]+::(Proxy|No-Cache|Timeout))' || true)
  rm -rf --one-file-system $root
  mkdir -p $root
  mmdebstrap --quiet --arch=arm64 --variant=extract --aptopt="$options" \
    --include=libc6-dev,libcli11-dev,libexpected-dev,libfmt-dev,libgmock-dev,libgtest-dev,liblua5.4-dev,libsqlite3-dev,libxxhash-dev \
    --include=libstdc++-12-dev,liburing-dev,nlohmann-json3-dev "$release" $root - <<<"$sources"
  touch $root/.complete
fi

cmake --preset arm64
cmake --build --preset arm64 -j "$(nproc)" --target example_arena example_first cleave_plain_c cleave_tests

run() {
  qemu-aarch64-static -L $root "$@"
}
run build/arm64/examples/first
run build/arm64/examples/arena
run build/arm64/tests/cleave_plain_c
# Left out is what qemu-user cannot do: it keeps no promise of MADV_WIPEONFORK and MADV_DONTFORK (children of fork) and
# none of MADV_REMOVE (GiveTheirMemoryBack), runs itself in death tests, cannot reach all threads at once (Cancelled,
# Interrupted), asks nobody about system calls, takes memory for addresses (TiB), has a view of its own of what is
# mapped and none of whose file it is (Protections, Unseen, Poor, TakeOver...), and notices no code that changes at
# another address.
# Tests of async and sigbus skip themselves: there is no userfaultfd.
run build/arm64/tests/cleave_tests --gtest_brief=1 --gtest_filter="${1:-\
Error*:Result*:Units*:Atomic*:FreeList*:Frames*:FrameState*:Table*:Ownership*:Diff*:Regions*:Space*:Access*:Snapshot*:\
Pin*:Hold*:Heap*:PageSet*:*/software:*/mprotect-*Death*:*Fork*:*Refused*:*Child*:*TiB*:*LaterHandlers*:\
*EarlierHandlers*:*ResettingHandlers*:*HandlersBesideAnArena*:*WriterTraps*:*BlockedSignals*:*Waiters*:*Limits*:*KthAllocation*:\
*Protections*:*Unseen*:*Poor*:*GivesBackHasChanged*:*GiveTheirMemoryBack*:*Cancelled*:*Interrupted*:*TakeOver*:*TakenOver*:\
*EndAnArenaWithAWord*:*StopAProgram*}"
