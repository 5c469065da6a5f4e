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
mkdir in_c && cp store.c in_c
cat >in_c/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(mine C)
find_package(cleave 0.1 REQUIRED)
add_executable(shared store.c)
target_link_libraries(shared PRIVATE cleave::cleave)
add_executable(static store.c)
target_link_libraries(static PRIVATE cleave::static)
CMAKE
cmake -S in_c -B in_c/build >cmake.log && cmake --build in_c/build >>cmake.log || { cat cmake.log; exit 1; }
for program in shared static; do prints 'thousand states|1,?000|states' in_c/build/$program; done

step "a plug-in in C, of either library"
cat >plug_in.c <<'C'
#include <cleave/c.h>
int goes_back(void) {
  cleave_pool *pool = cleave_pool_create(1 << 24, 0);
  cleave_arena *arena = cleave_arena_create(pool, 1 << 20, 0, 0);
  cleave_commit *before = cleave_arena_commit(arena, "before", 0);
  char *byte = cleave_arena_data(arena);
  *byte = 1;
  int done = cleave_arena_checkout(arena, before, 0) == CLEAVE_OK && *byte == 0;
  cleave_commit_release(before);
  cleave_arena_release(arena);
  cleave_pool_release(pool);
  return done;
}
C
gcc -shared -fPIC plug_in.c "${flags[@]}" -o by_shared.so
read -ra static < <(pkg-config --static --cflags --libs cleave | sed 's/-lcleave/-l:libcleave.a/')
gcc -shared -fPIC plug_in.c "${static[@]}" -Wl,-z,nodelete -o by_static.so
for library in by_shared by_static; do
  prints '^1$' python3 -c "import ctypes; print(ctypes.CDLL('./$library.so').goes_back())"
done
! ldd by_static.so | grep libcleave || { echo "the static plug-in needs the shared library"; exit 1; }

step "commits that outlive the process, found by pkg-config, and by CMake: shared and static"
example image/precomputed.cc >precomputed.cc
read -ra image < <(pkg-config --cflags --libs cleave-image)
g++ -std=c++20 precomputed.cc "${image[@]}" -o precomputed
mkdir images && cp precomputed.cc images
cat >images/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(mine CXX)
find_package(cleave 0.1 REQUIRED COMPONENTS image)
add_executable(shared precomputed.cc)
target_link_libraries(shared PRIVATE cleave::image)
add_executable(static precomputed.cc)
target_link_libraries(static PRIVATE cleave::image_static)
CMAKE
cmake -S images -B images/build >cmake.log && cmake --build images/build >>cmake.log || { cat cmake.log; exit 1; }
for program in ./precomputed images/build/shared images/build/static; do prints '.' "$program"; done

step "what the library needs: nothing of what only its stores, its backings and the commands do"
! dpkg-query --show --showformat '${Depends}' 'libcleave0*' libcleave-dev | grep -E 'boost|curl|hiredis|lz4|rados|ssl|zstd|python' ||
  { echo "the library needs more than it should"; exit 1; }

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
read -ra replay < <(cleave litmus fork-against-fast-pin --rules C0 | sed -n 's/^Replay: //p')
prints '1 preemption' "${replay[@]}"
prints 'fork' cleave bench --list
prints 'there is no command demmo; perhaps demo' sh -c '! cleave demmo'
[[ $(cleave sqlite <<<'SELECT 1 + 1;') == *2* ]] || { echo "cleave sqlite cannot add"; exit 1; }
cleave sqlite >/dev/null <<<$'CREATE TABLE t(x);\nINSERT INTO t VALUES (7);\n.save prepared.db'
cleave image init kept >/dev/null
prints 'warm' cleave image push kept warm prepared.db
prints '.' cleave image clone kept copy
prints '.' cleave image checkout copy warm mine.db
[[ $(cleave sqlite mine.db <<<'SELECT x FROM t;') == *7* ]] || { echo "the checked out database has no row"; exit 1; }
prints '7' cleave image query copy warm 'SELECT x FROM t;'
prints '^alive$' cleave run -- /bin/echo alive
for command in $(cleave --help | awk '/^Commands/ { on = 1; next } on { print $1 }'); do
  prints "cleave $command" man "cleave-$command"
done
prints '^space$' bash -c '. /usr/share/bash-completion/bash_completion; __load_completion cleave
  COMP_WORDS=(cleave demo sp) COMP_CWORD=2; _cleave; echo "${COMPREPLY[@]}"'
step "the laboratory, whole"
prints 'all as expected' cleave litmus --time 200
step "done"
