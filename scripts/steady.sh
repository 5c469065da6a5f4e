#!/usr/bin/env bash
# Runs the suite again and again, as it must pass every time: in fresh clones of what is committed, in random order, while
# every processor is kept busy by something else. Ends with 0 if nothing failed.
#   STEADY_RUNS=20          how often
#   STEADY_FRESH=1          0: builds what lies here, once, and repeats the tests alone
#   STEADY_JOBS=5           tests at once
#   STEADY_PRESETS="check asan tsan"
#   STEADY_LOGS=<folder>    where the logs of runs that failed stay; else a new one
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${STEADY_RUNS:-20} fresh=${STEADY_FRESH:-1} jobs=${STEADY_JOBS:-5}
read -ra presets <<<"${STEADY_PRESETS:-check asan tsan}"
root=$PWD
logs=${STEADY_LOGS:-$(mktemp -d "${TMPDIR:-/tmp}/steady-logs.XXXXXX")}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/steady.XXXXXX")
commit=$(git rev-parse HEAD)
mkdir -p "$logs"
: >"$logs/failed"

busy=()
# One loop for each processor. It ends by itself in a day, should this script be killed.
keep_busy() {
  for _ in $(seq "$(nproc)"); do
    timeout 86400 sh -c 'while :; do :; done' &
    busy+=($!)
  done
}
end() {
  ((${#busy[@]} == 0)) || kill "${busy[@]}" 2>/dev/null || true
  rm -rf "$scratch"
}
trap end EXIT
trap 'exit 130' INT TERM

# ccache, where it is, knows what it has compiled in a clone, wherever that lay.
export CCACHE_BASEDIR=$scratch/clone CCACHE_NOHASHDIR=1
clone() {
  rm -rf "$scratch/clone"
  git clone --quiet "$root" "$scratch/clone"
  git -C "$scratch/clone" checkout --quiet --detach "$commit"
}

build() {  # <tree> <preset> <log>
  (cd "$1" && cmake --preset "$2" && cmake --build --preset "$2" -j "$(nproc)") >"$3" 2>&1
}

# ThreadSanitizer wants its shadow memory where a widely randomised layout may already sit.
layout_of() { if [[ $1 == tsan ]] && setarch -R true 2>/dev/null; then echo "setarch -R"; fi; }

# What shares a process runs in random order there, too.
test_tree() {  # <tree> <preset> <log>
  (cd "$1" && GTEST_SHUFFLE=1 $(layout_of "$2") ctest --preset "$2" --schedule-random -j "$jobs") >"$3" 2>&1
}

# The tests that failed, a line each, as ctest lists them at the end.
failed_in() { sed -n 's/^\t *[0-9]* - \(.*\) (\(.*\))$/\1: \2/p' "$1" | grep -v ': \(Skipped\|Disabled\)$' || true; }

run() {  # <number> <preset>
  local name=run-$1-$2 tree=$root began=$SECONDS
  ((fresh != 1)) || tree=$scratch/clone
  printf 'run %d of %d, %s: ' "$1" "$runs" "$2"
  if ((fresh == 1 || $1 == 1)) && ! build "$tree" "$2" "$logs/$name.build"; then
    echo "FAILED, does not build: $logs/$name.build"
    echo "$2: does not build" >>"$logs/failed"
    return
  fi
  local built=$SECONDS
  if test_tree "$tree" "$2" "$logs/$name.log"; then
    printf '%s (built in %d s, tested in %d s)\n' \
      "$(grep 'tests passed' "$logs/$name.log" || echo "no test ran")" $((built - began)) $((SECONDS - built))
    rm -f "$logs/$name.build" "$logs/$name.log"
    return
  fi
  echo "FAILED, $logs/$name.log:"
  failed_in "$logs/$name.log" | tee -a "$logs/failed" | sed 's/^/  /'
  [[ -n $(failed_in "$logs/$name.log") ]] || echo "$2: ctest itself failed" | tee -a "$logs/failed"
}

keep_busy
for number in $(seq "$runs"); do
  ((fresh != 1)) || clone
  for preset in "${presets[@]}"; do run "$number" "$preset"; done
done

if [[ -s $logs/failed ]]; then
  echo "failed, and how often:"
  sort "$logs/failed" | uniq -c | sort -rn
  echo "logs: $logs"
  exit 1
fi
echo "$runs runs of ${presets[*]}: nothing failed"
rmdir "$logs" 2>/dev/null || true
