#!/usr/bin/env bash
# The commands are installed, work from where they are moved to, and find each other and the catalogue.
#   installed.sh <build folder>
set -euo pipefail
build=${1:?usage: installed.sh <build folder>}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

installed() { cmake --install "$build" --prefix "$scratch/first" --component "$1" >"$scratch/log"; }
installed tools
[[ ! -e $scratch/first/include ]] || { echo "the component of the commands has headers"; exit 1; }
installed library  # which the commands are linked with, where it is shared
mv "$scratch/first" "$scratch/prefix"
cleave=$scratch/prefix/bin/cleave
[[ $(ls "$scratch/prefix/bin") == cleave ]] || { ls "$scratch/prefix/bin"; exit 1; }

commands=$(cd "$scratch/prefix/libexec/cleave" && ls | sed -n 's/^cleave-//p')
[[ $commands == *demo*doctor*sqlite* ]] || { echo "installed are only:" $commands; exit 1; }
for command in $commands; do
  "$cleave" "$command" --help | grep "^Usage: cleave $command " >/dev/null || { echo "$command: no usage"; exit 1; }
  "$cleave" --help | grep "^  $command " >/dev/null || { echo "$command: not listed"; exit 1; }
done
"$cleave" sqlite <<<'SELECT 1 + 1;' | grep '^2$\|^ *2$' >/dev/null
if [[ $commands == *litmus* ]]; then
  "$cleave" litmus fork-against-fast-pin --rules C0 >"$scratch/log" || true
  grep -q "^Replay: cleave litmus race/fork-against-fast-pin " "$scratch/log" || { cat "$scratch/log"; exit 1; }
fi
echo "installed and moved:" $commands
