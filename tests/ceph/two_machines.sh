#!/usr/bin/env bash
# Two machines, which are network namespaces here, share images over S3 and over RADOS: one prepares a database and pushes
# it, the other, which has nothing but the network, clones it and queries. Without privileges; leaves nothing behind.
#   two_machines.sh <cleave>
# Status 77: it cannot run here, and why.
set -euo pipefail
here=$(dirname "$(realpath "$0")")

cannot() { echo "no two machines here: $*"; exit 77; }

# In namespaces of our own we may make others, and whatever is left ends with us.
if [[ ${CLEAVE_MACHINES:-} == '' ]]; then
  command -v ip >/dev/null || cannot "iproute2 is not installed; scripts/setup.sh ceph"
  inside=(unshare --user --map-root-user --net --mount --pid --mount-proc --fork --kill-child)
  "${inside[@]}" true 2>/dev/null || cannot "this system gives no user namespaces"
  exec env CLEAVE_MACHINES=made "${inside[@]}" "$0" "$(realpath "${1:?usage: two_machines.sh <cleave>}")"
fi

# machine <number>: a namespace with an address on the bridge; its process is in `machines`
machine() {
  local number=$1 process
  unshare --net sleep infinity &
  process=$!
  machines[number]=$process
  until [[ $(readlink "/proc/$process/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do sleep 0.01; done
  ip link add "machine$number" type veth peer name eth0 netns "$process"
  ip link set "machine$number" master machines up
  on "$number" ip link set lo up
  on "$number" ip address add "10.77.0.$((number + 1))/24" dev eth0
  on "$number" ip link set eth0 up
}
on() { nsenter --net --target "${machines[$1]}" "${@:2}"; }

share() { # <cleave> <where>
  local cleave=$1 where=$2
  on 1 "$cleave" image init "$where"
  on 1 "$cleave" image push "$where" warm prepared.db -m "prepared on the first machine"
  on 2 "$cleave" image clone "$where" "copy-${where%%:*}"
  on 2 "$cleave" image checkout "copy-${where%%:*}" warm "mine-${where%%:*}.db"
  cmp prepared.db "mine-${where%%:*}.db"
  [[ $(echo 'SELECT x FROM t;' | on 2 "$cleave" sqlite "mine-${where%%:*}.db") == *7* ]]
  on 2 "$cleave" image push "$where" answer "mine-${where%%:*}.db" -m "from the second machine"
  [[ $(on 1 "$cleave" image refs "$where") == *answer* ]]
  on 1 "$cleave" image verify "$where"
  echo "two machines share $where"
}

if [[ $CLEAVE_MACHINES == made ]]; then
  ip link set lo up
  ip link add machines type bridge 2>/dev/null || cannot "this kernel has no bridges"
  ip address add 10.77.0.1/24 dev machines
  ip link set machines up
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  CLEAVE_MACHINES=$scratch CLEAVE_CEPH_ADDRESS=10.77.0.1 "$here/ceph.sh" run "$scratch/ceph" "$0" "$1"
else
  declare -a machines
  cd "$CLEAVE_MACHINES"
  machine 1
  machine 2
  trap 'kill "${machines[@]}"' EXIT
  printf 'CREATE TABLE t(x);\nINSERT INTO t VALUES (7);\n.save prepared.db\n' | "$1" sqlite >/dev/null
  share "$1" s3://cleave/machines
  share "$1" rados://cleave/machines
fi
