# shellcheck shell=bash
# Read by tests that change settings of the system, or compare them: on a machine one at a time has its turn, of
# whichever checkout it is. Within one run of ctest the resource lock `machine` keeps them apart already.

# Returns when the turn has come; it ends with the process. Without root nothing is changed, and there is no turn.
take_turn_on_the_machine() {
  [[ $(id -u) == 0 ]] || return 0
  exec {turn}>>/run/cleave-tests.lock
  await_lock "$turn" /run/cleave-tests.lock
  # Whoever asks the kernel's judge by hand has only the judge's own lock.
  if [[ -e /run/cleave-lab/lock ]]; then
    exec {judge}>>/run/cleave-lab/lock
    await_lock "$judge" /run/cleave-lab/lock
    exec {judge}>&-
  fi
}

await_lock() {  # <descriptor> <its file>
  flock --nonblock "$1" && return
  echo "waits for $2: other tests, or another run of the kernel's judge, have it"
  flock --timeout 1200 "$1" && return
  echo "$2 was not free for 1200 s; who has it: fuser $2"
  exit 1
}
