#!/usr/bin/env bash
# A hunt that several workers share comes to what one process finds, byte for byte, however often they are killed, and Redis.
#   campaign.sh <cleave> [<blows> <option of the hunt>...]
# In small; with so many blows, 0.2 s apart, and other options, `make soak` runs it at length.
# Skipped (77) where there is no Redis: `scripts/setup.sh campaign` installs it.
set -euo pipefail
cleave=$1
shift
blows=${1:-12}
shift || true
folder=$(mktemp -d)
redis='' workers=()
finish() {
  for process in "${workers[@]}" $(cat "$folder"/pid_* 2>/dev/null) $redis; do kill -9 "$process" 2>/dev/null || true; done
  wait 2>/dev/null
  rm -rf "$folder"
}
trap finish EXIT

# Debian's redis-tools has the server as well, under the name of a tool that it is when it is called so.
program=$(command -v redis-server || command -v redis-check-rdb || true)
if [[ -z $program ]]; then
  echo "skipped: no Redis here; scripts/setup.sh campaign installs it"
  exit 77
fi
ln -s "$program" "$folder/redis-server"
mkdir "$folder/data"
start_redis() { # on $port
  "$folder/redis-server" --port "$port" --bind 127.0.0.1 --dir "$folder/data" --appendonly yes --appendfsync always \
    --save '' >"$folder/redis.log" 2>&1 &
  redis=$!
  until grep -q 'Ready to accept connections' "$folder/redis.log"; do
    kill -0 "$redis" 2>/dev/null || return 1
    sleep 0.02
  done
}
kill_redis() {
  kill -9 "$redis"
  wait "$redis" 2>/dev/null || true  # its port is free then
}
# A port that nobody has: another is tried where one is taken.
for port in $(shuf -i 20000-32000 -n 20); do start_redis && break; done

hunt=(litmus hunt A E0 --starts small,zero --words usual --races none --depth 4)
(($# == 0)) || hunt=(litmus hunt "$@")
status() { # <expected status> <argument>...
  local expected=$1 seen=0
  shift
  "$cleave" "$@" >"$folder/out" 2>&1 || seen=$?
  [[ $seen == "$expected" ]] || { echo "$*: status $seen, not $expected"; cat "$folder/out"; exit 1; }
}
says() { grep -qF -- "$1" "$folder/out" || { echo "not said: $1"; cat "$folder/out"; exit 1; }; }
as_one() { # <journal>: what it has, with the units in order
  "$cleave" litmus hunt merge "$1" --into "$folder/merged" >/dev/null || true
  cmp "$folder/alone" "$folder/merged"
}

status 1 "${hunt[@]}" --jobs 2 --journal "$folder/first"
"$cleave" litmus hunt merge "$folder/first" --into "$folder/alone" >/dev/null || true
[[ $(wc -l <"$folder/alone") -gt 20 ]]

# Four workers; each that is killed is started again, with its journal or without.
work() { # <number>
  while true; do
    local seen=0 journal=()
    (($1 % 2)) && journal=(--journal "$folder/worker_$1")
    "$cleave" "${hunt[@]}" --jobs 1 --queue "127.0.0.1:$port/storm" "${journal[@]}" >"$folder/said_$1" 2>&1 &
    echo $! >"$folder/pid_$1"
    wait $! 2>/dev/null || seen=$?
    rm -f "$folder/pid_$1"
    case $seen in
      1) return 0 ;;  # something was found, and all was searched
      137) ;;         # killed
      *) return "$seen" ;;
    esac
  done
}
for number in 1 2 3 4; do
  work "$number" 2>/dev/null &
  workers+=($!)
done
for blow in $(seq "$blows"); do
  sleep 0.2
  kill -9 "$(cat "$folder/pid_$((blow % 4 + 1))")" 2>/dev/null || true
  if ((blow % ((blows + 2) / 3) == 0)); then
    kill_redis
    start_redis
  fi
done
for number in 1 2 3 4; do
  wait "${workers[number - 1]}" || { echo "worker $number: status $?"; cat "$folder/said_$number"; exit 1; }
done
workers=()
status 1 "${hunt[@]}" --queue "127.0.0.1:$port/storm" --journal "$folder/late"
as_one "$folder/late"
cmp "$folder/late" "$folder/alone"
cmp "$folder/worker_1" "$folder/alone"

# Redis loses all that it had: who has a journal offers it, and the rest is made again.
kill_redis
rm -rf "$folder/data" && mkdir "$folder/data"
start_redis
head -15 "$folder/alone" >"$folder/some"
status 1 "${hunt[@]}" --queue "127.0.0.1:$port/storm" --journal "$folder/some"
cmp "$folder/some" "$folder/alone"

# Others are turned away, by name.
status 2 "${hunt[@]}" --references 1 --queue "127.0.0.1:$port/storm"
says 'the campaign "storm": it is of another hunt'
sed 's/"programs":[0-9]*/"programs":1/' "$folder/alone" >"$folder/forged"
status 2 "${hunt[@]}" --queue "127.0.0.1:$port/storm" --journal "$folder/forged"
says 'has two answers'
status 2 "${hunt[@]}" --queue "127.0.0.1:$port/storm"
says 'has two answers'
status 2 "${hunt[@]}" --queue 127.0.0.1
says 'write HOST:PORT'
status 2 "${hunt[@]}" --queue "127.0.0.1:$port/other" --shard 1/2
says 'no --shard'
echo "four workers, killed $blows times, and Redis 3 times and once for good: as one process, byte for byte"
