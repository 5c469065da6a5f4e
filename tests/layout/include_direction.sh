#!/usr/bin/env bash
# The folder tree is the architecture: includes point down only, src/sync alone names what synchronises threads, and no
# folder holds more files than a reader sees through. Prints each offence as file:line, and fails when there
# is one.
#   include_direction.sh <root of the sources>
set -euo pipefail

# The folders, each with those that it may include besides itself; `x/*` is x and all below it. A folder stands
# in the list after those that it includes, so that there is no cycle.
rooms='
include/cleave/detail:
include/cleave: include/cleave/detail
include/cleave/backing: include/cleave include/cleave/detail
include/cleave/image: include/cleave include/cleave/detail
include/cleave/program: include/cleave include/cleave/detail
src/base: include/*
src/sync: include/* src/base
src/sync/waiters: include/* src/base
src/frames/slots: include/* src/base src/sync
src/frames/state: include/* src/base src/sync
src/frames/away: include/* src/base src/sync src/frames/slots src/frames/state
src/frames: include/* src/base src/sync src/frames/*
src/table: include/* src/base src/sync src/frames/*
src/space: include/* src/base src/sync src/frames/* src/table
src/pins: include/* src/base src/sync src/frames/* src/table src/space
src/io: include/* src/base src/sync src/frames/* src/space src/pins
src/heap/pages: include/* src/base src/sync
src/heap: include/* src/base src/sync src/heap/pages
src/arena/placement: include/* src/base src/sync
src/arena/signals: include/* src/base src/sync
src/arena/memory: include/* src/base src/sync src/frames/* src/arena/placement src/arena/signals
src/arena/track: include/* src/base src/sync src/arena/placement src/arena/signals src/arena/memory
src/arena/late: include/* src/base src/sync src/frames/* src/table src/space src/arena/placement src/arena/signals src/arena/memory src/arena/track
src/arena/member: include/* src/base src/sync src/sync/waiters src/frames/* src/space src/arena/placement src/arena/signals src/arena/memory src/arena/track src/arena/late
src/arena/joint: include/* src/base src/sync src/frames/* src/space src/arena/placement src/arena/signals src/arena/memory src/arena/track src/arena/late src/arena/member
src/arena: include/* src/base src/sync src/sync/waiters src/frames/* src/space src/arena/*
src/capi: include/* src/base src/sync
src/backing: include/* src/base src/sync
src/backing/swap: include/* src/base src/sync src/backing
src/backing/compressed: include/* src/base src/sync src/backing
src/image/format: include/* src/base
src/image/store: include/* src/base src/sync src/image/format
src/image/objects: include/* src/base src/sync src/image/format src/image/store
src/image/leaves: include/* src/base src/image/format src/image/objects
src/image: include/* src/base src/image/format src/image/store src/image/objects src/image/leaves
src/image/lazy: include/* src/base src/sync src/image src/image/format src/image/objects src/image/leaves
src/image/capi: include/* src/base src/sync src/capi
src/s3: include/* src/base src/image/format src/image/store
src/rados: include/* src/base src/image/format src/image/store
src/backing/capi: include/* src/base src/sync src/capi
lab/portable:
lab/words:
lab/explore/fiber:
lab/explore/memory: lab/portable
lab/explore/execution: lab/portable lab/explore/fiber lab/explore/memory
lab/explore/search: lab/portable lab/words lab/explore/memory lab/explore/execution
lab/explore/trace: lab/explore/memory lab/explore/execution lab/explore/search
lab/repository: lab/explore/*
lab/litmus: lab/portable
lab/litmus/parse: lab/portable lab/litmus
lab/model/decide:
lab/model/rules: lab/model/decide
lab/model/world: lab/explore/* lab/model/decide
lab/model/mm: lab/explore/* lab/model/decide lab/model/world
lab/model/gup: lab/explore/* lab/model/decide lab/model/world lab/model/mm
lab/model: lab/words lab/explore/* lab/model/*
lab/judge: lab/portable lab/explore/* lab/litmus/* lab/model/*
lab/spec: lab/portable lab/explore/* lab/litmus/*
lab/hunt/program: lab/portable lab/explore/* lab/litmus/* lab/model/* lab/judge lab/spec
lab/hunt/play: lab/portable lab/explore/* lab/litmus/* lab/model/* lab/judge lab/spec lab/hunt/program
lab/hunt/search: lab/portable lab/explore/* lab/litmus/* lab/model/* lab/judge lab/spec lab/hunt/program lab/hunt/play
lab/hunt: lab/explore/* lab/litmus/* lab/model/* lab/judge lab/spec lab/hunt/*
lab/campaign: lab/explore/* lab/litmus/* lab/model/* lab/judge lab/spec lab/hunt lab/hunt/*
lab/report/page:
lab/judge/refusals: lab/explore/* lab/litmus/* lab/model/* lab/judge
lab/report/style:
lab/report/data: lab/portable lab/report/style lab/explore/* lab/litmus/* lab/model/* lab/judge
lab/report: lab/portable lab/words lab/report/style lab/report/data lab/report/page lab/explore/* lab/litmus/* lab/model/* lab/judge
lab/engine/seam: include/* src/base src/sync src/frames/* lab/explore/*
lab/engine/stage: include/* src/base src/sync src/frames/* src/table src/space src/pins lab/words lab/explore/* lab/engine/seam
lab/engine: include/cleave lab/explore/* lab/litmus/* lab/model/* lab/judge lab/engine/seam lab/engine/stage
lab/engine/views: include/* src/base src/frames/* src/space src/pins lab/explore/* lab/litmus/* lab/model/* lab/judge lab/engine lab/engine/stage
lab/kernel/shared: lab/litmus/* lab/judge
lab/kernel/test: lab/litmus/* lab/model/* lab/judge lab/kernel/shared
lab/kernel/references: lab/litmus/* lab/judge lab/kernel/shared lab/kernel/test
lab/kernel/process: lab/litmus/* lab/judge lab/kernel/shared lab/kernel/test lab/kernel/references
lab/kernel/system: lab/kernel/shared lab/kernel/test lab/kernel/references lab/kernel/process
lab/web: lab/explore/* lab/litmus/* lab/model/* lab/judge lab/report lab/report/data lab/spec lab/hunt/*
lab/web/wasm: lab/explore/search lab/web
lab/kernel: lab/words lab/litmus/* lab/model/* lab/judge lab/judge/refusals lab/report lab/report/data lab/report/style lab/kernel/*
adapters/sqlite: include/cleave
adapters/sqlite/contents: include/cleave adapters/sqlite
adapters/python/runtime: include/cleave
adapters/python/backing: include/cleave/* include/cleave adapters/python/runtime
adapters/python: include/cleave/* include/cleave adapters/python/backing adapters/python/runtime
adapters/python/image: include/cleave/* include/cleave adapters/python adapters/python/backing adapters/python/runtime
adapters/python/module: include/cleave/* include/cleave adapters/python adapters/python/backing adapters/python/image adapters/python/runtime
adapters/python/cleave:
adapters/program/kernel:
adapters/program/memory: include/cleave adapters/program/kernel
adapters/program/own: include/cleave adapters/program/kernel adapters/program/memory
adapters/program/kept: adapters/program/kernel adapters/program/memory adapters/program/own
adapters/program/state: include/cleave adapters/program/kernel adapters/program/memory adapters/program/own adapters/program/kept
adapters/program/control: include/cleave/* include/cleave adapters/program/kernel adapters/program/own adapters/program/state
adapters/program/interpose: include/cleave adapters/program/kernel adapters/program/memory adapters/program/own adapters/program/state adapters/program/control
adapters/program: adapters/program/*
measure: include/cleave
bench/harness: include/cleave measure
bench/space: include/* src/base src/frames/* measure bench/harness
bench/sync: include/* src/sync measure bench/harness
bench/heap: include/cleave measure bench/harness
bench/io: include/cleave measure bench/harness bench/space
bench/backing: include/* measure bench/harness bench/io bench/space
bench/image: include/* measure adapters/sqlite bench/harness
bench/arena: include/cleave measure bench/harness bench/space
bench/sqlite: include/cleave measure adapters/sqlite bench/harness
bench/clients: include/cleave measure adapters/sqlite bench/harness
bench/scale: include/cleave measure bench/harness bench/arena bench/space
bench/programs: include/cleave/* measure bench/harness
bench/explorer: lab/* measure bench/harness
bench/explorer/engine: lab/* measure
bench: bench/*
tools/console: include/cleave
tools/cleave: tools/console
tools/demo/database: include/cleave adapters/* measure tools/console
tools/demo/space: include/cleave measure tools/console
tools/demo: tools/console tools/demo/*
tools/sqlite: include/cleave adapters/* tools/console
tools/image: include/* adapters/sqlite tools/console tools/sqlite
tools/run: adapters/program tools/console
tools/doctor/kernel:
tools/doctor: include/cleave measure tools/console tools/doctor/kernel
tools/litmus/hunt: lab/*
tools/litmus: lab/* tools/console tools/litmus/hunt
tools/bench: tools/console measure bench/*
tools/manual: tools/console tools/cleave
examples: include/cleave
examples/c: include/cleave
examples/segments: include/cleave/* include/cleave
examples/fuzz: include/cleave/* include/cleave
examples/fuzz/afl: examples/fuzz
examples/kvm: include/cleave
examples/libretro/cartridges:
examples/libretro: include/cleave/* include/cleave examples/libretro/cartridges
examples/verilator: include/cleave
examples/image: include/*
examples/sqlite: include/* adapters/sqlite adapters/sqlite/contents measure tools/console
examples/plain_linux:
'
tops='include src lab adapters measure bench tools examples'
most_files=18        # directly in one folder ...
most_in_include=25   # ... but in the public one, which is the list that a user reads

# Reads "path" lines from the standard input; prints offences. Comments do not count.
check() {
  local root=$1
  (cd "$root" && xargs -r awk -v rooms="$rooms" '
    BEGIN {
      count = split(rooms, lines, "\n")
      for (i = 1; i <= count; ++i) {
        if (lines[i] == "") continue
        room = lines[i]; sub(/:.*/, "", room); known[room] = i
        below = lines[i]; sub(/^[^:]*:/, "", below)
        below_of[room] = below
      }
      # What only src/sync and the headers that it shows may name, in code and in angle brackets.
      threads = "std::(atomic|memory_order|((recursive_|shared_)?(timed_)?mutex)|shared_timed_mutex"
      threads = threads "|condition_variable|thread|jthread|this_thread|lock_guard|unique_lock"
      threads = threads "|shared_lock|scoped_lock|call_once|once_flag|latch|barrier"
      threads = threads "|counting_semaphore|binary_semaphore|future|promise|async)"
      threads = threads "|__atomic_|__sync_|atomic_thread_fence|atomic_signal_fence"
      threads = threads "|membarrier|MEMBARRIER|urcu|(^|[^A-Za-z_])pthread_|(SYS|__NR)_futex"
      headers = "^(atomic|mutex|shared_mutex|condition_variable|thread|latch|barrier|semaphore"
      headers = headers "|future|pthread\\.h|stdatomic\\.h|linux/futex\\.h"
      headers = headers "|linux/membarrier\\.h|urcu.*)$"
      synchronises = "^(src/sync|src/sync/waiters|include/cleave/detail)$"
    }
    function allowed(room, target,    n, k, names) {
      if (room == target) return 1
      n = split(below_of[room], names, " ")
      for (k = 1; k <= n; ++k) {
        if (names[k] == target) return 1
        if (sub(/\/\*$/, "", names[k]) && (target == names[k] || index(target, names[k] "/") == 1))
          return 1
      }
      return 0
    }
    function folder_of(path) {
      return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : ""
    }
    # The folder that an include leads to; "" for the system and for libraries.
    function target_of(name, quoted) {
      if (!quoted) return name ~ /^cleave\// ? "include/" folder_of(name) : ""
      if (name ~ /^(lab|adapters|measure|bench|tools|tests|examples)\//) return folder_of(name)
      return name ~ /\// ? "src/" folder_of(name) : folder_of(FILENAME)
    }
    function offence(rule) {
      printf "%s:%d: %s\n    %s\n", FILENAME, FNR, rule, text
    }
    # The line without its comments; in_comment lasts from line to line.
    function code_of(line,    out, at) {
      out = ""
      while (line != "") {
        if (in_comment) {
          at = index(line, "*/")
          if (!at) return out
          line = substr(line, at + 2); in_comment = 0
        } else if (match(line, /\/\/|\/\*/)) {
          out = out substr(line, 1, RSTART - 1)
          if (substr(line, RSTART, 2) == "//") return out
          line = substr(line, RSTART + 2); in_comment = 1
        } else {
          return out line
        }
      }
      return out
    }
    FNR == 1 {
      in_comment = 0
      room = folder_of(FILENAME)
      # The one header that asks the C library not to end a thread here: that is no synchronisation.
      engine = room ~ /^(src|include)\// && FILENAME != "src/base/uncancelled.h"
      if (!(room in known)) {
        text = ""
        offence("a folder that has no place in the order yet; give it one in this script")
      }
    }
    {
      text = $0
      code = code_of($0)
    }
    code ~ /^[ \t]*#[ \t]*include/ {
      name = code
      sub(/^[^<"]*/, "", name)
      quoted = substr(name, 1, 1) == "\""
      name = substr(name, 2)
      sub(/[>"].*/, "", name)
      target = target_of(name, quoted)
      if (name ~ /(^|\/)\.\.?\//)
        offence("a header is included by its path from the root")
      else if (quoted && name !~ /\// && room != "examples/plain_linux")
        offence("a header is included by its path from the root")
      else if (quoted && name ~ /^cleave\//)
        offence("what is public is included as a user does: <" name ">")
      else if (target != "" && (room in known) && !allowed(room, target))
        offence("includes point down only: " room " stands below " target ", or beside it")
      if (engine && room !~ synchronises && name ~ headers)
        offence("only src/sync includes <" name ">")
      next
    }
    engine && room !~ synchronises && code ~ threads {
      match(code, threads)
      offence("only src/sync names \"" substr(code, RSTART, RLENGTH) "\"")
    }
  ')
}

list() { # Every source in a folder that has a rule.
  (cd "$1" && find $tops \( -name '*.h' -o -name '*.cc' -o -name '*.c' \) -print 2>/dev/null | sort) || true
}

upward() { # Every row of the table that names a folder which stands after it.
  awk -v rooms="$rooms" 'BEGIN {
    count = split(rooms, lines, "\n")
    for (i = 1; i <= count; ++i) { room = lines[i]; sub(/:.*/, "", room); if (room != "") at[room] = i }
    for (room in at) {
      n = split(substr(lines[at[room]], length(room) + 2), names, " ")
      for (k = 1; k <= n; ++k)
        for (other in at)
          if (other != room && other !~ "^" room "/" || names[k] == other) {
            base = names[k]; wild = sub(/\/\*$/, "", base)
            if ((other == base || (wild && index(other, base "/") == 1)) && at[other] > at[room])
              print "the order has a cycle: " room " names " other ", which stands after it"
          }
    }
  }'
}

crowded() { # Every folder with too many files.
  local folder files most
  while IFS= read -r folder; do
    files=$(find "$1/$folder" -maxdepth 1 -type f | wc -l)
    most=$most_files
    [[ $folder != include/cleave ]] || most=$most_in_include
    ((files <= most)) || echo "$folder: $files files; a reader sees through $most at most"
  done < <(cd "$1" && find $tops -type d 2>/dev/null)
}

# A check that cannot fail is none: each planted offence has to be found, and what is allowed has not.
self_check() {
  local plant failed=0
  plant=$(mktemp -d)
  trap 'rm -rf "$plant"' RETURN
  (cd "$plant" && mkdir -p include/cleave/detail src/{base,sync,table,space,io,attic} lab/{model/{world,mm},judge,engine/stage} \
    adapters/sqlite/contents measure bench/{space,harness} tools/{demo/{space,database},doctor,console,attic} \
    examples/plain_linux)

  expect() { # <file> <offending line or empty> <text of a file>
    local file=$1 line=$2 found
    printf '%s\n' "$3" >"$plant/$file"
    found=$(echo "$file" | check "$plant")
    rm "$plant/$file"
    if [[ -z $line && -n $found ]]; then
      echo "self check: this is allowed, yet was reported: $3"$'\n'"$found"
      failed=1
    elif [[ -n $line && $found != "$file:$line: "* ]]; then
      echo "self check: not found in line $line of $file: $3"
      failed=1
    fi
  }
  # <file> <line, or empty where it is allowed> <text>
  expect include/cleave/detail/a.h 1 '#include <cleave/units.h>'
  expect include/cleave/a.h '' '#include <cleave/detail/atomic.h>'
  expect include/cleave/a.h 1 '#include "table/node.h"'
  expect include/cleave/a.h 1 '#include <mutex>'
  expect include/cleave/detail/a.h '' '#include <atomic>'
  expect src/base/a.h 1 '#include "sync/mutex.h"'
  expect src/table/a.h 1 '#include "space/regions.h"'
  expect src/table/a.h 1 '#include "../space/regions.h"'
  expect src/table/a.h 1 '#include "node.h"'
  expect src/table/a.h 1 '#include "cleave/space.h"'
  expect src/table/a.h '' $'#include <cleave/units.h>\n#include "table/node.h"\n#include "sync/mutex.h"'
  expect src/table/a.h '' '// #include "space/regions.h"'
  expect src/table/a.h '' $'/*\n#include "space/regions.h"\n*/'
  expect src/table/a.h 3 $'/* a\n*/\n#include "space/regions.h"'
  expect src/table/a.h 1 'std::mutex lock;'
  expect src/table/a.h '' '// std::mutex'
  expect src/table/a.h 1 '#include <mutex>'
  expect src/table/a.h 2 $'int a;\nint b = __atomic_load_n(&a, 0);'
  expect src/sync/a.h '' $'#include <mutex>\nstd::mutex lock;'
  expect src/space/a.cc 1 '#include "tests/support/bytes.h"'
  expect src/space/a.h 1 '#include "lab/explore/search/explorer.h"'
  expect src/io/a.cc 1 '#include "arena/mapping.h"'
  expect src/attic/a.h 1 'int a;'
  expect lab/model/world/a.cc 1 '#include "lab/model/mm/b.h"'
  expect lab/model/world/a.cc 1 '#include "lab/model/b.h"'
  expect lab/model/world/a.cc '' '#include "lab/explore/execution/b.h"'
  expect lab/model/mm/a.cc '' '#include "lab/model/world/b.h"'
  expect lab/judge/a.cc 1 '#include <cleave/space.h>'
  expect lab/judge/a.cc 1 '#include "table/node.h"'
  expect lab/engine/stage/a.cc '' $'#include <cleave/space.h>\n#include "space/validate.h"'
  expect lab/engine/stage/a.cc 1 '#include "arena/joint/history.h"'
  expect lab/engine/a.cc 1 '#include "space/validate.h"'
  expect lab/judge/a.cc '' $'#include "lab/litmus/parse/b.h"\nstd::mutex lock;'
  expect measure/a.h '' '#include <cleave/error.h>'
  expect measure/a.h 1 '#include "bench/harness/report.h"'
  expect adapters/sqlite/a.h 1 '#include "tools/console/progress.h"'
  expect adapters/sqlite/a.h 1 '#include "space/regions.h"'
  expect adapters/sqlite/a.h 1 '#include <cleave/detail/atomic.h>'
  expect adapters/sqlite/a.h 1 '#include "adapters/sqlite/contents/digest.h"'
  expect adapters/sqlite/contents/a.cc '' '#include "adapters/sqlite/connection.h"'
  expect bench/space/a.cc 1 '#include "tools/console/progress.h"'
  expect bench/harness/a.cc 1 '#include "bench/space/touched.h"'
  expect bench/space/a.cc '' $'#include "measure/clock.h"\n#include <cleave/space.h>'
  expect bench/space/a.cc 1 '#include "lab/explore/search/explorer.h"'
  expect tools/demo/space/a.cc 1 '#include "tools/demo/database/demo.h"'
  expect tools/demo/space/a.cc 1 '#include "bench/harness/report.h"'
  expect tools/demo/space/a.cc 1 '#include "../database/demo.h"'
  expect tools/doctor/a.cc 1 '#include "lab/kernel/system/capabilities.h"'
  expect tools/doctor/a.cc '' '#include "tools/console/figures.h"'
  expect tools/console/a.h 1 '#include "tests/support/together.h"'
  expect tools/attic/a.h 1 'int a;'
  expect examples/plain_linux/a.cc 1 '#include <cleave/space.h>'
  expect examples/plain_linux/a.cc '' '#include "common.h"'
  touch "$plant"/tools/attic/{1..18}
  [[ -z $(crowded "$plant") ]] || { echo "self check: $(crowded "$plant")"; failed=1; }
  touch "$plant"/tools/attic/19
  [[ $(crowded "$plant") == tools/attic:* ]] || { echo "self check: a crowd was not seen"; failed=1; }
  local rooms='
a: b
b:
'
  [[ $(upward) == *"a names b"* ]] || { echo "self check: a cycle in the order was not seen"; failed=1; }
  return $failed
}

root=${1:?usage: include_direction.sh <root of the sources>}
self_check
files=$(list "$root")
[[ -n $files ]] || { echo "no sources below $root"; exit 1; }
found=$(upward; check "$root" <<<"$files"; crowded "$root")
[[ -z $found ]] || { echo "$found"; exit 1; }
echo "$(wc -l <<<"$files") sources: includes point down only, and no folder is crowded."
