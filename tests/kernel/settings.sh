#!/usr/bin/env bash
# The kernel's judge leaves the system as it was: after a run, after one that was interrupted, and after one that was killed
# with no chance to clean up, as soon as the next one starts.
#   settings.sh <cleave>
set -euo pipefail
cleave=$1

if [ "$(id -u)" != 0 ]; then
  echo "skipped: needs root"
  exit 77
fi

settings() {
  cat /proc/swaps /proc/sys/vm/nr_hugepages
  for name in run pages_to_scan sleep_millisecs smart_scan; do
    if [ -e /sys/kernel/mm/ksm/$name ]; then echo "$name $(cat /sys/kernel/mm/ksm/$name)"; fi
  done
  cat /sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/mm/transparent_hugepage/defrag
  ls -d /sys/fs/cgroup/memory/cleave-lab /var/tmp/cleave-lab.swap 2>/dev/null || true
  grep -E 'cleave-lab|debugfs' /proc/self/mounts || true
}

# Swap, KSM, huge pages, control groups.
tests=(swap/swapped-by-both merge/last-mapper-writes merge/hugetlb-copy-on-write)

same() {
  if [ "$(settings)" != "$before" ]; then
    echo "$1: the settings differ"
    diff <(echo "$before") <(settings) || true
    exit 1
  fi
}

"$cleave" litmus --kernel copy-on-write > /dev/null  # Puts back what is left from before.
before=$(settings)

"$cleave" litmus --kernel "${tests[@]}" > /dev/null
same "after a run"

# Interrupted in its middle.
"$cleave" litmus --kernel --time 20 "${tests[@]}" > /dev/null 2>&1 &
run=$!
for _ in $(seq 100); do
  [ -e /run/cleave-lab/journal ] && break
  sleep 0.1
done
kill -TERM $run
wait $run || true
same "after an interruption"

# Killed in its middle, with everything changed.
"$cleave" litmus --kernel --time 20 merge/last-mapper-writes merge/hugetlb-copy-on-write \
  swap/swapped-by-both > /dev/null 2>&1 &
run=$!
for _ in $(seq 200); do
  grep -q cleave-lab.swap /proc/swaps && break
  sleep 0.1
done
if ! grep -q cleave-lab.swap /proc/swaps; then
  echo "the run did not turn on swap"
  kill -TERM $run || true
  exit 1
fi
kill -KILL $run
wait $run 2>/dev/null || true
if [ "$(settings)" = "$before" ]; then
  echo "nothing was changed: this shows nothing"
  exit 1
fi
said=$("$cleave" litmus --kernel copy-on-write 2>&1 > /dev/null)
case $said in
  *"put back after a run that was cut off"*) ;;
  *) echo "the next run did not say that it put things back: $said"; exit 1 ;;
esac
same "after a kill, and the next run"
echo "settings are put back"
