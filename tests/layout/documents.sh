#!/usr/bin/env bash
# Documents are in order: docs/README.md lists each page, lines are at most 120 columns (tables
# aside), each source that a page names is there, and no page uses a word that the house has
# replaced. Decisions are history: they may name what was.
#   documents.sh <root of the sources>
set -euo pipefail

# Words for threads, pages and kernels, and names that are gone (docs/decisions/0008-the-house.md).
replaced='somebody|nobody|everybody|anybody|clings?|quarrels?|withdraw(s|n|al|als|er|ers)?|audience|census'
replaced+='|one_operation|PinAccess::(reading|writing)|Errc::busy|window_offset|Arena::(discard|touch)'

pages() { find README.md CONTRIBUTING.md SECURITY.md docs -name '*.md' ! -path 'docs/decisions/*' 2>/dev/null | sort; }

check() { # in the root
  local page
  while IFS= read -r page; do
    grep -qF "](${page#docs/})" docs/README.md || echo "docs/README.md: does not list $page"
  done < <(find docs/*/ -name '*.md' | sort)
  # In blocks of code, tests and sessions are quoted as they are.
  mapfile -t all < <(pages)
  awk -v replaced="(^|[^A-Za-z_])($replaced)([^A-Za-z_]|\$)" '
    FNR == 1 { code = 0 }
    /^ *```/ { code = !code }
    length($0) > 120 && !/^ *\|/ && !/^\[[^]]*\]\([^)]*\)$/ { print FILENAME ":" FNR ": " length($0) " columns" }
    !code && tolower($0) ~ tolower(replaced) { print FILENAME ":" FNR ": has a word that was replaced: " $0 }' "${all[@]}"
  while IFS=: read -r page source; do
    [[ -e $source ]] || echo "$page: names $source, which is not there"
  done < <(named_sources)
}

named_sources() { # In backticks, from the root. The files that a how-to has its reader write are not.
  mapfile -t all < <(pages)
  grep -oE '`(include|src|lab|adapters|measure|bench|tools|tests|examples|scripts)/[A-Za-z0-9_./-]+\.(h|cc|c|sh)`' \
    "${all[@]}" | tr -d '`' | grep -vE '/(mine|by_page)\.' | sort -u
}

# A check that cannot fail is none.
self_check() (
  plant=$(mktemp -d)
  trap 'rm -rf "$plant"' EXIT
  cd "$plant"
  mkdir -p docs/howto docs/decisions
  echo '[a](howto/a.md) [d](decisions/d.md)' >docs/README.md
  printf '%s\n' 'Nobody looks.' '```' 'nobody' '```' "$(printf 'x%.0s' {1..121})" "| $(printf 'x%.0s' {1..121}) |" \
    >docs/howto/a.md
  echo 'Everything is in order: `src/mine.cc`, `src/gone.cc`.' >docs/howto/b.md
  echo 'Was: somebody.' >docs/decisions/d.md
  diff - <(check) <<'END' || { echo "the self check differs"; exit 1; }
docs/README.md: does not list docs/howto/b.md
docs/howto/a.md:1: has a word that was replaced: Nobody looks.
docs/howto/a.md:5: 121 columns
docs/howto/b.md: names src/gone.cc, which is not there
END
)

export LC_ALL=C.UTF-8
self_check
cd "${1:?usage: documents.sh <root of the sources>}"
found=$(check)
if [[ -n $found ]]; then
  echo "$found"
  exit 1
fi
echo "$(pages | wc -l) pages, listed and in plain words."
