#include "examples/fuzz/arena_target.h"

#include <dlfcn.h>

#include <cleave/must.h>
#include <cleave/program/writable_segments.h>

namespace cleave::example {

using namespace literals;

namespace {

sqlite3* prepare_in(const Arena& memory) {
  sqlite_allocates_from(must(Heap::create(memory.memory())));
  return prepare_database();
}

}  // namespace

// What the library allocates; what it prepared; then its variables, which know of both.
ArenaTarget::ArenaTarget()
    : pool_(must(Pool::create(1_GiB))),
      memory_(must(Arena::create(pool_, 128_MiB))),
      database_(prepare_in(memory_)) {
  void* const library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_NOLOAD);
  must(writable_segments(library, [&](std::span<std::byte> segment) {
    variables_.push_back(must(Arena::take_over(pool_, segment, {.joins = &memory_})));
  }));
  (void)must(memory_.commit());
}

int ArenaTarget::run(std::span<const char> statements) {
  const int code = execute(database_, statements);
  must(memory_.revert());
  return code;
}

}  // namespace cleave::example
