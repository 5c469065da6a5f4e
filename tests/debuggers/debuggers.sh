#!/usr/bin/env bash
# What docs/howto/debuggers.md says of tools that look at a program. Each tool that is not here is skipped.
#   debuggers.sh <cleave_guest> <cleave.py>
set -euo pipefail

guest=${1:?usage: debuggers.sh <cleave_guest> <cleave.py>} script=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

complain() { # <what>; shows what was said
  echo "$1:"
  cat "$scratch/said"
  failed=1
}
run() { # <wanted status> <command>...
  local wanted=$1 status=0
  shift
  "$@" >"$scratch/said" 2>&1 </dev/null || status=$?
  ((status == wanted)) || complain "status $status, not $wanted, of $*"
}
says() { grep -qE -- "$1" "$scratch/said" || complain "it does not say: $1"; }
says_not() { ! grep -qE -- "$1" "$scratch/said" || complain "it says: $1"; }
is_here() {
  command -v "$1" >/dev/null || {
    echo "skipped: no $1 here"
    return 1
  }
}

# The trackings that work by signals here; mprotect does everywhere.
by_signal=(mprotect)
if "$guest" sigbus >/dev/null; then by_signal+=(sigbus); fi

if is_here valgrind; then
  run 3 valgrind -q "$guest" mprotect
  says 'unsupported: a thread loses its registers .*--vex-iropt-register-updates=allregs-at-mem-access'
  says_not 'SIGSEGV|Invalid'
  run 3 valgrind -q "$guest" automatic
  says '--vex-iropt-register-updates'
  run 0 valgrind -q --vex-iropt-register-updates=allregs-at-mem-access "$guest" mprotect
  says '^right$'
  says_not 'Invalid|uninitialised'
  run 0 valgrind -q --vex-iropt-register-updates=allregs-at-mem-access "$guest" automatic
  says '^right$'
  run 0 valgrind -q "$guest" software
  says '^right$'
  says_not 'Invalid|uninitialised'
fi

if is_here gdb && ! gdb -batch -ex run --args /bin/true >"$scratch/said" 2>&1; then
  echo "skipped: gdb cannot run a program here"
elif command -v gdb >/dev/null; then
  for tracking in "${by_signal[@]}"; do
    # As it is: the first write stops it.
    run 0 gdb -batch -ex run --args "$guest" "$tracking"
    says 'received signal SIG(SEGV|BUS)'
    run 0 gdb -batch -ex 'handle SIGSEGV SIGBUS nostop noprint pass' -ex run --args "$guest" "$tracking"
    says '^right$'
    says_not 'received signal'
    # With the script, the program's own faults still stop it, where they are.
    run 0 gdb -batch -ex "source $script" -ex run --args "$guest" "$tracking"
    says '^right$'
    says 'exited normally'
    run 0 gdb -batch -ex "source $script" -ex run -ex backtrace --args "$guest" "$tracking" crash
    says '^right$'
    says '^#0 .*a_bug_of_its_own'
  done
fi

if is_here strace && ! strace -o /dev/null /bin/true 2>"$scratch/said"; then
  echo "skipped: strace cannot trace here"
elif command -v strace >/dev/null; then
  for tracking in automatic "${by_signal[@]}"; do
    run 0 strace -f -e trace=none -o "$scratch/trace" "$guest" "$tracking"
    says '^right$'
  done
fi

exit $failed
