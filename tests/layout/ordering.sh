#!/usr/bin/env bash
# docs/reference/ordering.md lists every atomic, lock, fence, wait and re-check of the library, and
# nothing else; and a run leaves out each of them that has a name, unless the page says why not.
#   ordering.sh <root of the sources>
set -euo pipefail

page=docs/reference/ordering.md
runs=tests/explored
# The wrappers themselves.
wrappers='include/cleave/detail/(atomic|explored)\.h|src/sync/(bare_)?mutex\.h'

# Atomics and mutexes that are declared in the files, as Class::name, one a line.
declared() { # <file>...
  awk '
    FNR == 1 { depth = 0; classes = 0; comment = 0 }
    {
      code = $0
      sub(/\/\/.*/, "", code)
      # A class begins: its name stands at the depth of its brace.
      if (match(code, /^[ ]*(template <[^>]*> *)?(class|struct) [^;]*\{/) && code !~ /enum/) {
        name = code
        sub(/^[ ]*(class|struct) /, "", name)
        sub(/ *(final *)?(:[^:].*)?\{.*/, "", name)
        sub(/^(.*[ )])/, "", name)  # attributes and alignas
        names[++classes] = name
        depths[classes] = depth
      }
      if (code ~ /(^|[ <:])(atomic<.+>+|(bare_)?mutex) +[A-Za-z_]+ *([;{[]|$)/ ||
          code ~ /using [A-Za-z]+ = sync::atomic/ || code ~ /std::array<sync::atomic<.*;/) {
        member = code
        if (member ~ /using/) {
          sub(/.*using /, "", member); sub(/ =.*/, "", member)
        } else {
          sub(/ *([;{[]|\{\{)[^>]*$/, "", member); sub(/.*[> ]/, "", member)
        }
        path = ""
        for (i = 1; i <= classes; ++i) path = path names[i] "::"
        print path member
      }
      opened = gsub(/\{/, "{", code)
      closed = gsub(/\}/, "}", code)
      depth += opened - closed
      while (classes > 0 && depth <= depths[classes]) --classes
    }' "$@"
}

# Names that fences, waits and re-checks are given: "room.word", in code.
named() { # <file>...
  sed 's#//.*##' "$@" | { grep -oE '"[a-z_]+\.[a-z_]+"' || true; } | tr -d '"'
}

# The first column of the tables under a heading: what stands in backticks.
listed() { # <page> <awk pattern of headings>
  awk -v wanted="$2" '/^## / { inside = $0 ~ wanted } inside && /^\| `/' "$1" | cut -d'|' -f2 |
    { grep -oE '`[A-Za-z_:.]+`' || true; } | tr -d '`'
}

# Rows of the named ones with their last column.
promised() { # <page>
  awk -F'|' '/^## / { inside = /^## (Fences|Waits|Re-checks)/ } inside && /^\| `/ {
    split($2, name, "`"); last = $(NF - 1); gsub(/^ +| +$/, "", last); print name[2], last }' "$1"
}

compare() { # <in the sources> <in the page> <what>
  comm -23 <(sort -u <<<"$1") <(sort -u <<<"$2") | sed "/^\$/d; s#.*#$page: has no row for the $3 &#"
  comm -13 <(sort -u <<<"$1") <(sort -u <<<"$2") | sed "/^\$/d; s#.*#$page: has a row for &, and the sources have no such $3#"
}

check() { # in the root
  local files name last atomics
  mapfile -t files < <(find include src -name '*.h' -o -name '*.cc' | grep -vE "^($wrappers)\$" | sort)
  atomics=$(listed "$page" '^## (Atomics|Locks)' |
    grep -vxE 'words_|summary_') || true  # of PageSet::Word
  compare "$(declared "${files[@]}")" "$atomics" 'atomic or lock'
  compare "$(named "${files[@]}")" "$(promised "$page" | cut -d' ' -f1)" 'fence, wait or re-check'
  while read -r name last; do
    if grep -qrE "(LeftOut[A-Za-z]*\{|expect_missed\()\"${name//./\\.}\"" "$runs" 2>/dev/null; then
      [[ $last == explored ]] || echo "$page: says that no run leaves out $name, and $runs does"
    elif [[ ! $last =~ ^none:\ .+ ]]; then
      echo "$runs: leaves out no $name; $page promises it"
    fi
  done < <(promised "$page")
}

# A check that cannot fail is none.
self_check() (
  plant=$(mktemp -d)
  trap 'rm -rf "$plant"' EXIT
  cd "$plant"
  mkdir -p include src/room "$(dirname "$page")" "$runs"
  cat >src/room/a.h <<'END'
class [[nodiscard]] Outer final : public Base {
  // sync::atomic<int> comment_;
  struct alignas(64) Inner {
    sync::atomic<std::uint64_t> listed{0};
    std::array<sync::atomic<std::uint64_t>, 4> missing;
  };
  void take(sync::atomic<int>& slot);
  using Word = sync::atomic<std::uint64_t>;
  mutable sync::mutex lock_;
  detail::sync::atomic<std::uint32_t> broken_{
      0};
};
constinit std::atomic<int> alone{0};
void f() { if (performs("room.known") && performs("room.unknown")) light_fence("room.unpromised"); }
END
  cat >"$page" <<'END'
## Locks
| `Outer::lock_` | |
## Atomics
| `Outer::Inner::listed`, `gone` | |
| `Outer::Word`, `Outer::broken_` | |
## Fences
| `room.known` (light) | explored |
| `room.unpromised` | none: a reason |
## Waits
| `room.never_run` | explored |
END
  echo 'LeftOut{"room.known", expect_missed("room.unpromised"' >"$runs/a_test.cc"
  diff - <(check | sed "s#$page: ##; s#$runs: ##") <<END || { echo "the self check differs"; exit 1; }
has no row for the atomic or lock Outer::Inner::missing
has no row for the atomic or lock alone
has a row for gone, and the sources have no such atomic or lock
has no row for the fence, wait or re-check room.unknown
has a row for room.never_run, and the sources have no such fence, wait or re-check
says that no run leaves out room.unpromised, and $runs does
leaves out no room.never_run; $page promises it
END
)

export LC_ALL=C
self_check
cd "${1:?usage: ordering.sh <root of the sources>}"
found=$(check)
if [[ -n $found ]]; then
  echo "$found"
  exit 1
fi
echo "$(listed "$page" '^## ' | wc -l) atomics, locks, fences, waits and re-checks, each in its row."
