// A program that knows only what was installed.

#include <cleave/space/accessor.h>
#include <cleave/space/space.h>

#include <cstdio>
#include <cleave/must.h>

using namespace cleave;
using namespace cleave::literals;

int main() {
  Pool pool = must(Pool::create(1_MiB));
  Space parent = must(Space::create(pool));
  const Address at = must(parent.map(64_KiB));
  Accessor ours = must(parent.accessor());
  must(ours.store(at, 1));
  Space child = must(parent.fork());
  Accessor theirs = must(child.accessor());
  must(theirs.store(at, 2));
  const bool apart = must(ours.load<int>(at)) == 1 && must(theirs.load<int>(at)) == 2;
  std::puts(apart ? "two branches" : "one memory");
  return apart ? 0 : 1;
}
