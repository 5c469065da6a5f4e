#!/usr/bin/env bash
# Every option of every command stands in its man page and is completed by the shells; the pages are clean. What is
# made of the pages and completions is compared with what --help prints, which the parser writes by itself.
#   manual.sh <cleave> <folder of the pages and completions>
set -euo pipefail
cleave=${1:?usage: manual.sh <cleave> <folder of the pages and completions>} manual=$2
failed=0

complain() {
  echo "$*"
  failed=1
}

# The names of the options that a command's help lists, and of its subcommands.
options_of() { "$cleave" "$@" --help | grep -oE '^  -[a-z-]+(,--[a-z-]+)?' | tr -d ' ' | tr ',' '\n'; }
subcommands_of() { "$cleave" "$@" --help | awk '/^Subcommands:/ { on = 1; next } /^[^ ]/ { on = 0 } on { print $1 }'; }

# The part of a page that is about a command: from its heading on, or all before the subcommands.
part_of_page() { # <command>...
  if (($# == 1)); then
    sed '/^\.SH SUBCOMMANDS/,$d' "$manual/man/cleave-$1.1"
  else
    awk -v heading=".SS cleave $*" '$0 == heading { on = 1; next } /^\.S[SH] / { on = 0 } on' "$manual/man/cleave-$1.1"
  fi
}

# What bash offers for the last of the words.
completed() { # <word>...
  bash --norc -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cleave; printf "%s\n" "${COMPREPLY[@]}"' \
    "$manual/bash/cleave" "$@"
}

check_command() { # <command>...
  local option page offered
  page=$(part_of_page "$@")
  offered=$(completed cleave "$@" -)
  for option in $(options_of "$@"); do
    grep -qF -- "\\fB${option//-/\\-}\\fR" <<<"$page" || complain "cleave-$1.1: $option of cleave $* is missing"
    grep -qxF -- "$option" <<<"$offered" || complain "bash: does not complete cleave $* $option"
    grep -qF -- "${option##*-}" "$manual/zsh/_cleave" || complain "zsh: does not have $option"
    grep -qE -- "__cleave_is_at cleave $*'.* -[ls] ${option##-}|__cleave_is_at cleave $*'.* -l ${option##--}" \
      "$manual/fish/cleave.fish" || complain "fish: does not have $option of cleave $*"
    checked=$((checked + 1))
  done
}

expect_completed() { # <expected, in one line> <word>...
  local is
  is=$(completed "${@:2}" | sort | xargs)
  [[ $is == "$1" ]] || complain "bash: ${*:2}: offers \"$is\", not \"$1\""
}

checked=0
commands=$("$cleave" --help | awk '/^Commands/ { on = 1; next } /^$/ { on = 0 } on { print $1 }')
for command in $commands; do
  check_command "$command"
  for sub in $(subcommands_of "$command"); do check_command "$command" "$sub"; done
done
((checked > 30)) || complain "only $checked options were found"
expect_completed "$(printf '%s\n' $commands help | sort | xargs)" cleave ""
expect_completed "--spoil" cleave demo space --sp
expect_completed "async automatic" cleave demo --tracking a
expect_completed "async automatic" cleave demo --tracking = a
expect_completed "async automatic mprotect sigbus software" cleave sqlite --tracking =
expect_completed "" cleave demo --seed ""
expect_completed "docs" cleave sqlite doc
expect_completed "space" cleave demo sp
expect_completed "README.md" cleave demo READ

shells() { # <shell> <command of it>...: where it is installed
  command -v "$1" >/dev/null || { echo "left out: $1 is not installed"; return; }
  "$@" || complain "$*"
}
shells bash -n "$manual/bash/cleave"
shells zsh -n "$manual/zsh/_cleave"
shells fish --no-execute "$manual/fish/cleave.fish"
fish_offers=$(shells fish --no-config -c "source $manual/fish/cleave.fish; complete -C 'cleave demo space --sp'")
[[ $fish_offers == --spoil* || $fish_offers == "left out"* ]] || complain "fish offers \"$fish_offers\", not --spoil"

for page in "$manual"/man/*.1; do
  said=$(
    shells mandoc -T lint -W warning "$page"
    LC_ALL=C.UTF-8 shells man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null
  )
  [[ -z $said || $said == "left out"* ]] || complain "$said"
done
((failed == 0)) && echo "$checked options, on $(ls "$manual/man" | wc -l) pages and in three shells"
exit $failed
