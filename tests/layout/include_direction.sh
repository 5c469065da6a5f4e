#!/usr/bin/env bash
# The folder tree is the architecture: includes point down only, and cleave/sync alone names what
# synchronises threads. Prints each offence as file:line, and fails when there is one. Above the library no folder holds
# more files than one look takes in.
#   include_direction.sh <root of the sources>
set -euo pipefail

# The rooms, each with those that it may include besides itself.
rooms='
base:
sync: base
frames: base sync
table: base sync frames
space: base sync frames table
io: base sync frames table space
heap: base sync
arena: base sync frames table space
lab/explore:
lab/litmus:
lab/model: lab/explore
lab/judge: lab/explore lab/litmus lab/model
lab/report: lab/explore lab/litmus lab/model lab/judge
lab/kernel: lab/litmus lab/judge lab/report
'

# What stands above the library and the laboratory, each folder with those that it may include besides itself; "cleave" and
# "lab" stand for all of these two.
rooms+='
adapters/sqlite: cleave
adapters/sqlite/contents: adapters/sqlite
measure: cleave
bench/harness:
bench/space: cleave measure bench/harness
bench/sync: cleave measure bench/harness
bench/heap: cleave measure bench/harness
bench/io: cleave measure bench/harness bench/space
bench/arena: cleave measure bench/harness bench/space
bench/sqlite: measure adapters/sqlite bench/harness
bench/explorer: lab measure bench/harness
bench: bench/harness bench/space bench/sync bench/heap bench/io bench/arena bench/sqlite bench/explorer
tools/console: cleave
tools/cleave: tools/console
tools/demo/database: cleave adapters/sqlite adapters/sqlite/contents measure tools/console
tools/demo/space: cleave measure tools/console
tools/demo: tools/console tools/demo/database tools/demo/space
tools/sqlite: cleave adapters/sqlite adapters/sqlite/contents tools/console
tools/doctor/kernel:
tools/doctor: cleave measure tools/console tools/doctor/kernel
tools/litmus: lab tools/console
tools/bench: tools/console bench bench/harness
examples: cleave
examples/c: cleave
examples/plain_linux:
'
above='adapters measure bench tools examples'  # the folders of these
most_files=18                                  # directly in one of them

# Reads "path" lines from the standard input; prints offences. Comments do not count.
check() {
  local root=$1
  (cd "$root" && xargs -r awk -v rooms="$rooms" '
    BEGIN {
      count = split(rooms, lines, "\n")
      for (i = 1; i <= count; ++i) {
        if (lines[i] == "") continue
        room = lines[i]; sub(/:.*/, "", room); known[room] = 1
        below = lines[i]; sub(/^[^:]*:/, "", below)
        n = split(below, names, " ")
        may[room, room] = 1
        for (k = 1; k <= n; ++k) may[room, names[k]] = 1
      }
      # What only cleave/sync may name, in code and in angle brackets.
      threads = "std::(atomic|memory_order|((recursive_|shared_)?(timed_)?mutex)|shared_timed_mutex"
      threads = threads "|condition_variable|thread|jthread|this_thread|lock_guard|unique_lock"
      threads = threads "|shared_lock|scoped_lock|call_once|once_flag|latch|barrier"
      threads = threads "|counting_semaphore|binary_semaphore|future|promise|async)"
      threads = threads "|__atomic_|__sync_|atomic_thread_fence|atomic_signal_fence"
      threads = threads "|membarrier|MEMBARRIER|urcu|(^|[^A-Za-z_])pthread_|(SYS|__NR)_futex"
      headers = "^(atomic|mutex|shared_mutex|condition_variable|thread|latch|barrier|semaphore"
      headers = headers "|future|stop_token|pthread\\.h|stdatomic\\.h|linux/futex\\.h"
      headers = headers "|linux/membarrier\\.h|urcu.*)$"
    }
    function folder_of(path) {
      return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : ""
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
      room = ""
      split(FILENAME, path, "/")
      library = path[1] == "cleave"
      lab = path[1] == "lab"
      upper = path[1] ~ /^(adapters|measure|bench|tools|examples)$/
      if (upper) {
        room = folder_of(FILENAME)
        if (!(room in known)) {
          text = ""
          offence("a folder that has no place in the order yet; give it one in this script")
        }
      }
      # A file right in cleave/ stands above all rooms.
      if (FILENAME ~ /^(cleave|lab)\/[^\/]*\//) {
        room = lab ? "lab/" path[2] : path[2]
        if (!(room in known)) {
          text = ""
          offence("a room that has no place in the order yet; give it one in this script")
        }
      }
    }
    {
      text = $0
      code = code_of($0)
    }
    code ~ /^[ \t]*#[ \t]*include/ {
      target = code
      sub(/^[^<"]*/, "", target)
      quoted = substr(target, 1, 1) == "\""
      target = substr(target, 2)
      sub(/[>"].*/, "", target)
      split(target, to, "/")
      if (library) {
        if (target ~ /^(tools|bench|tests|lab|examples)\//)
          offence("the library includes nothing outside cleave/")
        else if (to[1] == "cleave" && room != "" && target !~ /^cleave\/[^\/]*\//)
          offence("a room does not include what stands above all rooms")
        else if (to[1] == "cleave" && room != "" && (room in known) && !((room, to[2]) in may))
          offence("includes point down only: cleave/" room " stands below cleave/" to[2] ", or beside it")
        else if (quoted && to[1] != "cleave")
          offence("a header of the library is included by its full path, \"cleave/<room>/<name>.h\"")
        if (room != "sync" && target ~ headers)
          offence("only cleave/sync includes <" target ">")
      }
      if (upper && (room in known) && quoted) {
        below = folder_of(target)
        if (to[1] == "cleave" || to[1] == "lab") below = to[1]
        if (target ~ /(^|\/)\.\.?\//)
          offence("a header is included by its path from the root")
        else if ((to[1] == "tests" || below in known || below == "cleave" || below == "lab") && !((room, below) in may))
          offence("includes point down only: " room " stands below " below ", or beside it")
      }
      if (lab && to[1] == "cleave")
        offence("the laboratory shares nothing with what it judges: it does not include cleave/")
      if (lab && to[1] == "lab" && (room in known) && !((room, "lab/" to[2]) in may))
        offence("includes point down only: " room " stands below lab/" to[2] ", or beside it")
      next
    }
    library && room != "sync" && code ~ threads {
      match(code, threads)
      offence("only cleave/sync names \"" substr(code, RSTART, RLENGTH) "\"")
    }
  ')
}

list() { # Every source below the folders that have a rule.
  (cd "$1" && find cleave lab $above \( -name '*.h' -o -name '*.cc' -o -name '*.c' \) -print 2>/dev/null | sort) || true
}

crowded() { # Every folder above the library with too many files.
  local folder files
  while IFS= read -r folder; do
    files=$(find "$1/$folder" -maxdepth 1 -type f | wc -l)
    ((files <= most_files)) || echo "$folder: $files files; a reader sees through $most_files at most"
  done < <(cd "$1" && find $above -type d 2>/dev/null)
}

# A check that cannot fail is none: each planted offence has to be found, and what is allowed has not.
self_check() {
  local plant failed=0
  plant=$(mktemp -d)
  trap 'rm -rf "$plant"' RETURN
  mkdir -p "$plant"/cleave/{base,sync,frames,table,space,attic} "$plant"/lab/{model,judge,report,attic}

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

  expect cleave/table/a.h 1 '#include "cleave/space/space.h"'
  expect cleave/base/a.cc 2 $'\n#  include <cleave/sync/atomic.h>  // why'
  expect cleave/space/a.h '' $'#include "cleave/space/b.h"\n#include "cleave/base/c.h"'
  expect cleave/space/a.h 1 '#include "b.h"'
  expect cleave/space/a.h 1 '#include "tests/support/a.h"'
  expect cleave/space/a.h 1 '#include "lab/explore/scheduler.h"'
  expect cleave/space/a.h 1 '#include "cleave/cleave.h"'
  expect cleave/cleave.h '' '#include "cleave/space/space.h"'
  expect cleave/attic/a.h 1 'int a;'
  expect cleave/frames/a.h 1 '#include <atomic>'
  expect cleave/frames/a.h 1 '#include <shared_mutex>'
  expect cleave/frames/a.cc 2 $'// std::mutex\nstd::mutex m;'
  expect cleave/frames/a.cc 3 $'/* std::mutex\n std::thread */\nint a; /* b */ std::atomic<int> c;'
  expect cleave/frames/a.cc 1 'std::shared_mutex m;'
  expect cleave/frames/a.cc 1 'std::condition_variable c;'
  expect cleave/frames/a.cc 1 'std::thread t;'
  expect cleave/frames/a.cc 1 '__atomic_load_n(&a, 0);'
  expect cleave/frames/a.cc 1 '__sync_synchronize();'
  expect cleave/frames/a.cc 1 'std::atomic_thread_fence(order);'
  expect cleave/frames/a.cc 1 'syscall(SYS_membarrier, 0);'
  expect cleave/frames/a.cc 1 'urcu_memb_read_lock();'
  expect cleave/frames/a.cc '' $'sync::atomic<int> a;  // not std::atomic\n/* __sync_ */ int b;'
  expect cleave/sync/a.h '' $'#include <atomic>\nstd::atomic<int> a;'
  expect lab/model/a.cc 1 '#include "cleave/base/result.h"'
  expect lab/model/a.cc 1 '#include "lab/judge/b.h"'
  expect lab/judge/a.cc 1 '#include "lab/report/b.h"'
  expect lab/judge/a.cc '' '#include "lab/litmus/b.h"'
  expect lab/attic/a.h 1 'int a;'
  expect lab/model/a.cc '' $'#include "lab/model/b.h"\n#include <atomic>'
  expect lab/report/a.cc 1 '#include "cleave/base/result.h"'
  expect lab/report/a.cc '' '#include "lab/judge/b.h"'
  mkdir -p "$plant"/tools/{demo/space,doctor,console,attic} "$plant"/bench/{space,harness} \
    "$plant"/adapters/sqlite/contents "$plant"/{measure,examples/plain_linux}
  expect measure/a.h '' '#include "cleave/base/error.h"'
  expect measure/a.h 1 '#include "bench/harness/report.h"'
  expect adapters/sqlite/a.h 1 '#include "tools/console/progress.h"'
  expect adapters/sqlite/a.h 1 '#include "adapters/sqlite/contents/digest.h"'
  expect adapters/sqlite/contents/a.cc '' '#include "adapters/sqlite/connection.h"'
  expect bench/space/a.cc 1 '#include "tools/console/progress.h"'
  expect bench/space/a.cc 1 '#include "bench/all.h"'
  expect bench/harness/a.cc 1 '#include "bench/space/touched.h"'
  expect bench/space/a.cc '' $'#include "measure/clock.h"\n#include "cleave/space/space.h"'
  expect bench/space/a.cc 1 '#include "lab/explore/explorer.h"'
  expect tools/demo/space/a.cc 1 '#include "tools/demo/database/demo.h"'
  expect tools/demo/space/a.cc 1 '#include "bench/harness/report.h"'
  expect tools/demo/space/a.cc 1 '#include "../database/demo.h"'
  expect tools/doctor/a.cc 1 '#include "lab/kernel/readiness.h"'
  expect tools/doctor/a.cc '' '#include "tools/console/figures.h"'
  expect tools/console/a.h 1 '#include "tests/support/together.h"'
  expect tools/attic/a.h 1 'int a;'
  expect examples/plain_linux/a.cc 1 '#include "cleave/space/space.h"'
  expect examples/plain_linux/a.cc '' '#include "common.h"'
  touch "$plant"/tools/attic/{1..18}
  [[ -z $(crowded "$plant") ]] || { echo "self check: $(crowded "$plant")"; failed=1; }
  touch "$plant"/tools/attic/19
  [[ $(crowded "$plant") == tools/attic:* ]] || { echo "self check: a crowd was not seen"; failed=1; }
  return $failed
}

root=${1:?usage: include_direction.sh <root of the sources>}
self_check
offences=$(list "$root" | check "$root"; crowded "$root")
if [[ -n $offences ]]; then
  echo "$offences"
  exit 1
fi
echo "$(list "$root" | wc -l) files keep the include rule."
