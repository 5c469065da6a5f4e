#!/usr/bin/env bash
# The kernel's judge leaves the system as it was: after a run, after one that was interrupted, whose reader went away, or
# that was killed, and even where its guard was killed as well, as soon as the next one starts. What another process
# changed meanwhile stays.
#   settings.sh <cleave>
set -euo pipefail
. "$(dirname "$0")/../support/machine.sh"
cleave=$1

if [ "$(id -u)" != 0 ]; then
  echo "skipped: needs root"
  exit 77
fi

settings() {
  grep cleave-lab /proc/swaps || true  # what others swap on is theirs
  cat /proc/sys/vm/nr_hugepages /proc/sys/vm/nr_overcommit_hugepages
  for name in run pages_to_scan sleep_millisecs smart_scan; do
    if [ -e /sys/kernel/mm/ksm/$name ]; then echo "$name $(cat /sys/kernel/mm/ksm/$name)"; fi
  done
  cat /sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/mm/transparent_hugepage/defrag
  ls -d /sys/fs/cgroup/memory/cleave-lab /sys/fs/cgroup/cleave-lab /var/tmp/cleave-lab.swap \
    2> /dev/null || true
  ls /run/cleave-lab
  grep -E 'cleave-lab|debugfs' /proc/self/mounts || true
}

# Swap, KSM, huge pages, control groups; and what is run beside those.
tests=(swap/swapped-by-both leak/wipe-on-fork merge/last-mapper-writes leak/copy-on-write merge/hugetlb-copy-on-write
  lost/pin-fork-write)

same() {
  if [ "$(settings)" != "$before" ]; then
    echo "$1: the settings differ"
    diff <(echo "$before") <(settings) || true
    exit 1
  fi
}

# Until it is so, or for a minute: more than any machine needs, however busy it is.
until_so() {
  for _ in $(seq 600); do
    if "$@"; then return 0; fi
    sleep 0.1
  done
  return 1
}
as_before() { [ "$(settings)" = "$before" ]; }
swap_is_on() { grep -q cleave-lab.swap /proc/swaps; }

# A run in its middle, with everything changed: $run.
begin_run() {
  "$cleave" litmus --kernel --time 20 merge/last-mapper-writes merge/hugetlb-copy-on-write \
    swap/swapped-by-both > /dev/null 2>&1 &
  run=$!
  if ! until_so swap_is_on; then
    echo "the run did not turn on swap"
    kill -TERM $run || true
    exit 1
  fi
}

# Who puts back after $run.
guard_of() {
  for status in /proc/[0-9]*/status; do
    if grep -qs "^Name:.cleave-lab-back" "$status" && grep -qs "^PPid:.$1\$" "$status"; then
      basename "$(dirname "$status")"
    fi
  done
}

take_turn_on_the_machine
"$cleave" litmus --kernel copy-on-write > /dev/null  # Puts back what is left from before.
before=$(settings)

"$cleave" litmus --kernel "${tests[@]}" > /dev/null
same "after a run"

begin_run
kill -TERM $run
status=0
wait $run || status=$?
if [ $status != 130 ]; then
  echo "an interrupted run ended with status $status"
  exit 1
fi
same "after an interruption"

# Its reader goes away.
("$cleave" litmus --kernel "${tests[@]}" "${tests[@]}" || true) | head -n 1 > /dev/null
until_so as_before || same "after its reader went away"

# Killed, at whatever moment.
for moment in 0.02 0.1 0.3 0.6 0.9 1.2; do
  "$cleave" litmus --kernel "${tests[@]}" > /dev/null 2>&1 &
  run=$!
  sleep $moment
  kill -KILL $run 2> /dev/null || true
  wait $run 2> /dev/null || true
  until_so as_before || same "after a kill at $moment s"
done
begin_run
kill -KILL $run
wait $run 2> /dev/null || true
until_so as_before || same "after a kill"

# Killed, and who puts back with it.
begin_run
guard=$(guard_of $run)
if [ -z "$guard" ]; then
  echo "there is no guard to put back"
  exit 1
fi
kill -KILL "$guard" $run
wait $run 2> /dev/null || true
if as_before; then
  echo "nothing was changed: this shows nothing"
  exit 1
fi
said=$("$cleave" litmus --kernel copy-on-write 2>&1 > /dev/null)
case $said in
  *"put back after a run that was cut off"*) ;;
  *) echo "the next run did not say that it put things back: $said"; exit 1 ;;
esac
same "after both were killed, and the next run"

# Another process changes a setting meanwhile, which stays; another had been set before, which comes back.
ksm=/sys/kernel/mm/ksm/sleep_millisecs
pool=/proc/sys/vm/nr_hugepages
had=("$(cat $ksm)" "$(cat $pool)")
echo $((had[1] + 2)) > $pool
begin_run
echo 77 > $ksm
kill -TERM $run
wait $run || true
got=("$(cat $ksm)" "$(cat $pool)")
echo "${had[0]}" > $ksm
echo "${had[1]}" > $pool
if [ "${got[*]}" != "77 $((had[1] + 2))" ]; then
  echo "settings of others were changed: ${got[*]}"
  exit 1
fi
same "after others' changes"

# Pages of the pool that others left free do not count in a test.
echo $((had[1] + 3)) > $pool
said=$("$cleave" litmus --kernel merge/hugetlb-pool-empty merge/hugetlb-pool-empty-child) || {
  echo "with free pages in the pool: $said"
  echo "${had[1]}" > $pool
  exit 1
}
echo "${had[1]}" > $pool
case $said in
  *skipped*) echo "with free pages in the pool: $said"; exit 1 ;;
esac
same "after a pool with free pages"
echo "settings are put back"
