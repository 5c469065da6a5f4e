#!/usr/bin/env bash
# A Ceph of one node, of Debian's packages (scripts/setup.sh ceph), for tests: a monitor, a store and the gateway that
# speaks S3, without privileges. In the folder is all of it: data, logs, and `env`, which says how it is reached.
#   ceph.sh start <folder>               until ceph.sh stop
#   ceph.sh stop <folder>                ends what was started there, by its process ids, and removes the folder
#   ceph.sh run <folder> <command>...    around a command, whose environment has what is in `env`
# CLEAVE_CEPH_ADDRESS: where it listens, instead of 127.0.0.1. Status 77: it cannot run here, and why.
set -euo pipefail
verb=${1:?usage: ceph.sh start|stop|run <folder> [<command>...]}
folder=$(realpath -m "${2:?usage: ceph.sh $verb <folder>}")
shift 2
address=${CLEAVE_CEPH_ADDRESS:-127.0.0.1}
pids=$folder/pids
wait_seconds=300  # a busy machine takes many times as long

stop() {
  [[ -e $pids ]] || return 0
  local pid command
  # The same process still: an id may have gone to another since.
  while read -r pid command; do
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$command" ]] && kill -KILL "$pid" 2>/dev/null
  done <"$pids" || true
  while read -r pid command; do
    while [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$command" && $(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null) != Z ]]; do
      sleep 0.05
    done
  done <"$pids"
  rm -rf "$folder"
}

cannot() { echo "no Ceph here: $*"; exit 77; }

# Root becomes nobody: what a stranger's input reaches has no rights.
lower=()
if ((EUID == 0)) && setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
  lower=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
[[ $verb == run ]] && lower=(setpriv ${lower[@]+"${lower[@]:1}"} --pdeathsig KILL)

# Runs something of Ceph's, of which only the end of what it says is kept.
quietly() { ${lower[@]+"${lower[@]}"} "$@" >>"$folder/log/commands" 2>&1; }

# daemon <name> <command>...: in the background, in a session of its own
daemon() {
  local name=$1
  shift
  ${lower[@]+"${lower[@]}"} "$@" >"$folder/log/$name.out" 2>&1 </dev/null &
  echo "$! $(basename "$1")" >>"$pids"
  disown  # its end is no news
}

alive() {
  local pid command
  while read -r pid command; do
    kill -0 "$pid" 2>/dev/null || { echo "$command ended:"; tail -n 20 "$folder"/log/*; exit 1; }
  done <"$pids"
}

# until_done <what> <command>...
until_done() {
  local what=$1 end=$((SECONDS + wait_seconds))
  shift
  until "$@" >/dev/null 2>&1; do
    alive
    ((SECONDS < end)) || { echo "$what is not there after $wait_seconds s"; tail -n 20 "$folder"/log/*; exit 1; }
    sleep 0.2
  done
}

# Two that nobody has, and that differ: both are taken before either is given back.
free_ports() {
  python3 -c 'import socket, sys
both = [socket.create_server((sys.argv[1], 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in both))' "$address"
}

write_config() {
  local monitor=$1 gateway=$2 fsid
  fsid=$(cat /proc/sys/kernel/random/uuid)
  cat >"$folder/ceph.conf" <<C
[global]
fsid = $fsid
mon host = v2:$address:$monitor
mon initial members = a
public addr = $address
ms bind ipv6 = false
keyring = $folder/keyring
run dir = $folder/run
admin socket = $folder/run/\$name.asok
log file = $folder/log/\$name
crash dir = $folder/run
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon allow pool delete = true
mon data avail crit = 1
mon max pg per osd = 500
mon osd report timeout = 86400
[mon.a]
mon data = $folder/mon
[osd.0]
osd data = $folder/osd
osd objectstore = bluestore
bluestore block size = 4294967296
osd memory target = 939524096
[client.rgw]
rgw frontends = beast endpoint=$address:$gateway tcp_nodelay=1
rgw data = $folder/rgw
C
  cat >"$folder/env" <<C
export CEPH_CONF=$folder/ceph.conf
export AWS_ENDPOINT_URL=http://$address:$gateway
export AWS_ACCESS_KEY_ID=CLEAVE
export AWS_SECRET_ACCESS_KEY=cleave-secret
export CLEAVE_TEST_S3=s3://cleave
export CLEAVE_TEST_RADOS=rados://cleave
C
}

make_keys() {
  local keyring=$folder/keyring
  quietly ceph-authtool --create-keyring "$keyring" --gen-key -n mon. --cap mon 'allow *'
  quietly ceph-authtool "$keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  quietly ceph-authtool "$keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
  quietly ceph-authtool "$keyring" --gen-key -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx'
}

start() {
  for tool in ceph ceph-mon ceph-osd radosgw radosgw-admin curl python3; do
    command -v "$tool" >/dev/null || cannot "$tool is not installed; scripts/setup.sh ceph"
  done
  [[ ! -e $pids ]] || { echo "$folder: there is one already; ceph.sh stop $folder"; exit 1; }
  mkdir -p "$folder"/{mon,osd,rgw,run,log}
  : >"$pids"
  trap stop EXIT  # whatever goes wrong from here on
  local monitor gateway osd_id
  read -r monitor gateway < <(free_ports)
  write_config "$monitor" "$gateway"
  if ((EUID == 0)) && ((${#lower[@]})); then chown -R 65534:65534 "$folder" 2>/dev/null || true; fi
  export CEPH_CONF=$folder/ceph.conf CEPH_ARGS=
  make_keys
  quietly monmaptool --create --add a "$address:$monitor" \
    --fsid "$(sed -n 's/^fsid = //p' "$CEPH_CONF")" "$folder/run/monmap"
  quietly ceph-mon --mkfs -i a --monmap "$folder/run/monmap" --keyring "$folder/keyring"
  daemon mon ceph-mon -f -i a
  until_done "the monitor" quietly ceph --connect-timeout 5 mon stat
  quietly ceph auth import -i "$folder/keyring"
  osd_id=$(cat /proc/sys/kernel/random/uuid)
  quietly ceph osd new "$osd_id"
  quietly ceph-osd -i 0 --mkfs --osd-uuid "$osd_id" --keyring "$folder/keyring"
  daemon osd ceph-osd -f -i 0
  until_done "the store" osd_is_up
  quietly ceph osd pool create cleave 4
  daemon rgw radosgw -f -n client.rgw
  until_done "the gateway" curl -s -o /dev/null "http://$address:$gateway/"
  quietly radosgw-admin -n client.rgw user create --uid=cleave --display-name=cleave \
    --access-key=CLEAVE --secret-key=cleave-secret
  echo "export CLEAVE_TEST_CEPH_OSD=$(sed -n 's/ ceph-osd$//p' "$pids")" >>"$folder/env"
  # shellcheck disable=SC1091
  . "$folder/env"
  # The hash of no body: curl 7.88 forgets it.
  until_done "the bucket" curl -sf -X PUT --aws-sigv4 aws:amz:us-east-1:s3 \
    -H "x-amz-content-sha256: $(sha256sum </dev/null | cut -d' ' -f1)" \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$AWS_ENDPOINT_URL/cleave"
}

osd_is_up() { ceph --connect-timeout 5 osd stat 2>/dev/null | grep -q '1 up'; }

case $verb in
  start)
    start
    trap - EXIT
    echo "Ceph runs; how it is reached is in $folder/env; end it with: $0 stop $folder"
    ;;
  stop) stop ;;
  run)
    start
    "$@"
    ;;
  *) echo "ceph.sh: no such word: $verb" >&2; exit 2 ;;
esac
