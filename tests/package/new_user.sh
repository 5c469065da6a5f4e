#!/usr/bin/env bash
# What a new user does with the installed packages: the README's examples, C, Python, the commands. Run without
# privileges, without the sources.
#   new_user.sh
set -euo pipefail
((EUID != 0)) || { echo "new_user.sh: a new user is not root"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
examples=/usr/share/doc/libcleave-dev/examples
begin=$SECONDS

step() {
  echo "$((SECONDS - begin)) s: $*"
}
prints() { # <text> <command>...
  local said
  said=$("${@:2}" 2>&1 </dev/null) || { echo "failed: ${*:2}"; echo "$said"; exit 1; }
  grep -qE -- "$1" <<<"$said" || { echo "${*:2}: does not print \"$1\" but"; echo "$said"; exit 1; }
}
example() { # <name>: a copy of it, unpacked where Debian compressed it
  if [[ -e $examples/$1.gz ]]; then gzip -dc "$examples/$1.gz"; else cat "$examples/$1"; fi
}

example arena.cc >arena.cc
example first.cc >first.cc
example c/store.c >store.c
read -ra flags < <(pkg-config --cflags --libs cleave)

step "C++, found by pkg-config"
g++ -std=c++20 arena.cc "${flags[@]}" -o arena
g++ -std=c++20 first.cc "${flags[@]}" -o first
prints '^1001 scores$' ./arena
prints '^child 2, parent 1$' ./first
prints 'libcleave\.so\.' ldd ./first

step "C++, found by CMake: shared and static"
cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(mine CXX)
find_package(cleave 0.1 REQUIRED)
add_executable(shared first.cc)
target_link_libraries(shared PRIVATE cleave::cleave)
add_executable(static first.cc)
target_link_libraries(static PRIVATE cleave::static)
CMAKE
cmake -B build >cmake.log && cmake --build build >>cmake.log || { cat cmake.log; exit 1; }
prints '^child 2, parent 1$' build/shared
prints '^child 2, parent 1$' build/static
! ldd build/static | grep libcleave >/dev/null || { echo "the static program needs the shared library"; exit 1; }

step "C"
gcc -std=c99 -pedantic -Wall -Wextra -Werror store.c "${flags[@]}" -o store
prints 'thousand states|1,?000|states' ./store

if python3 -c 'import importlib.util as u; raise SystemExit(u.find_spec("cleave") is None)'; then
  step "Python"
  # The session that the module's own documentation shows.
  prints 'failed=0, attempted=[1-9]' python3 -c 'import cleave, doctest; print(doctest.testmod(cleave))'
else
  step "left out: Python, of which there is no package here"
fi

if [[ -e /usr/share/cleave/laboratory.html ]]; then
  step "the laboratory as a page"
  prints '^</html>$' tail -n 1 /usr/share/cleave/laboratory.html
else
  step "left out: the laboratory as a page, which was built without an emscripten"
fi

step "the commands"
prints '^cleave 0\.' cleave --version
prints 'PASS|all|every' cleave demo --quick
prints '.' cleave demo space --quick /usr/bin/cmake
prints '"works"' cleave doctor --json
prints 'all as expected' cleave litmus --time 200
prints '/usr/share/cleave/litmus/' cleave litmus fork-against-fast-pin --rules C0
prints 'fork' cleave bench --list
prints 'there is no command demmo; perhaps demo' sh -c '! cleave demmo'
[[ $(cleave sqlite <<<'SELECT 1 + 1;') == *2* ]] || { echo "cleave sqlite cannot add"; exit 1; }
for command in $(cleave --help | awk '/^Commands/ { on = 1; next } on { print $1 }'); do
  prints "cleave $command" man "cleave-$command"
done
prints '^space$' bash -c '. /usr/share/bash-completion/bash_completion; __load_completion cleave
  COMP_WORDS=(cleave demo sp) COMP_CWORD=2; _cleave; echo "${COMPREPLY[@]}"'
step "done"
