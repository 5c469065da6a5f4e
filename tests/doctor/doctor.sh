#!/usr/bin/env bash
# cleave doctor says what is so: as root, as a user without rights, and on a kernel that refuses system calls.
#   doctor.sh <cleave> <cleave_without>
set -euo pipefail

cleave=${1:?usage: doctor.sh <cleave> <cleave_without>} without=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cp "$(dirname "$cleave")"/cleave* "$scratch"  # user 65534 may not look into the folder of the build
cp "$without" "$scratch/without"
cleave=$scratch/cleave without=$scratch/without
failed=0

complain() { # <what>; shows what the doctor said
  echo "$1:"
  cat "$scratch/said"
  failed=1
}
asked() { # <wanted status> <command>...
  local wanted=$1 status=0
  shift
  "$@" >"$scratch/said" 2>&1 || status=$?
  if ((status == 77)); then
    echo "skipped, no seccomp here: $*"
    exit $failed
  fi
  ((status == wanted)) || complain "status $status, not $wanted, of $*"
}
says() { grep -qE -- "$1" "$scratch/said" || complain "it does not say: $1"; }
says_not() { ! grep -qE -- "$1" "$scratch/said" || complain "it says: $1"; }

# Here, whatever is to be had.
asked 0 "$cleave" doctor
says '^  ok +memfd_create'
says '^  automatic takes (async|mprotect): '
says '^  (ok|limited) +swap files in /'
says '^  ok +software .* ns '
says '^  fork of a space +[0-9.]+ ns'
says '^  ok +model '
says '^  (ok|limited) +lazy arena +(pages come when they are touched|checked out whole: )'
says '^  (ok|missing) +folder +'
says '^  (ok|missing) +S3 +(s3://BUCKET|built without libcurl4-openssl-dev)'
says '^  (ok|missing) +RADOS +(rados://POOL|built without librados-dev)'
says '^cleave works here\.$'
if [[ $EUID == 0 ]] && ! grep -q 'missing  kernel  ' "$scratch/said"; then
  says '^  (ok|limited) +kernel +'
  says '^  (ok|missing) +kernel: swap +'
fi
asked 0 "$cleave" doctor --json
says '"works": true'
says '"first_write_ns": [0-9]'
says '"automatic": "(async|mprotect)"'

asked 0 env TMPDIR=/nonexistent "$cleave" doctor
says '^  missing +swap files in /nonexistent +No such file'
says 'Swap files need a folder'
if [[ -d /dev/shm && -w /dev/shm ]]; then
  asked 0 env TMPDIR=/dev/shm "$cleave" doctor
  says '^  limited +swap files in /dev/shm +they would be in memory$'
fi

# The same for a user without rights, with low limits.
if [[ $EUID == 0 ]] && command -v setpriv prlimit >"$scratch/said"; then
  unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  asked 0 prlimit --memlock=65536 --nofile=100 "${unprivileged[@]}" "$cleave" doctor
  says 'user 65534$'
  says '^  missing +kernel +(needs root|this build has sanitizers)'
  says '^  - For tests on the running kernel: run as root'
  says '^  limited +RLIMIT_MEMLOCK +64 KiB$'
  says '^  limited +open files +100 '
  says 'Raise the limit on locked memory'
  says '^cleave works here\.$'
fi

# In a container with the usual profile.
asked 0 "$without" userfaultfd:EPERM -- "$cleave" doctor
says "^  missing +userfaultfd +forbidden by this process's seccomp filter"
says '^  missing +async +unsupported: userfaultfd is forbidden'
says '^  automatic takes mprotect: async does not work here'
says '^  limited +lazy arena +checked out whole: unsupported: userfaultfd is forbidden'
says '^  limited +seccomp '
says '^  - A seccomp filter blocks userfaultfd'
says '^cleave works here\.$'
asked 0 "$without" userfaultfd:EPERM -- "$cleave" doctor --json
says '"automatic": "mprotect"'

asked 0 "$without" io_uring_setup:EPERM -- "$cleave" doctor
says "^  missing +io_uring +(forbidden|disabled) by"
says_not 'registered buffers'
says '(Allow io_uring_setup|io_uring_disabled=0)'
says 'there are no rings'
says_not 'rings make single calls'

# As Docker's and containerd's profiles have it since 2023.
asked 0 "$without" userfaultfd:EPERM io_uring_setup:EPERM -- "$cleave" doctor
says '^  limited +seccomp +a filter denies userfaultfd; io_uring$'
says '^  - A seccomp filter blocks userfaultfd'
says '^  - Allow io_uring_setup'
says '^cleave works here\.$'

# Stricter ones.
asked 0 "$without" fallocate:EPERM rt_tgsigqueueinfo:EPERM -- "$cleave" doctor
says '^  missing +fallocate +forbidden'
says '^  limited +rt_tgsigqueueinfo +forbidden'
says '^  limited +seccomp +a filter denies fallocate; rt_tgsigqueueinfo$'
asked 0 "$without" process_vm_readv:EPERM -- "$cleave" doctor --json
says '"detail": "a filter denies process_vm_readv"'

asked 0 "$without" membarrier:ENOSYS process_vm_readv:EPERM -- "$cleave" doctor
says '^  missing +membarrier, private expedited +not in the kernel, or forbidden by this process'
says '^  missing +process_vm_readv '

# Where cleave cannot work at all.
asked 1 "$without" memfd_create:ENOSYS -- "$cleave" doctor
says '^  missing +memfd_create +not in the kernel, or forbidden by this process'
says '^  no arena can be made: '
says '^cleave cannot work here: unsupported: memfd_create'
says_not 'cleave works here'
asked 1 "$without" memfd_create:ENOSYS -- "$cleave" doctor --json
says '"works": false'
says '"automatic": null'

exit $failed
