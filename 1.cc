// Memory that branches: what a child writes, its parent never sees; and any moment can be kept.
#include <cstdio>

#include <cleave/cleave.h>

using namespace cleave;
using namespace cleave::literals;

int main() {
  Pool pool = must(Pool::create(1_GiB));           // memory for any number of spaces
  Space parent = must(Space::create(pool));        // one of them
  const Address score = must(parent.map(64_MiB));  // 64 MiB in it, all zeroes
  Accessor ours = must(parent.accessor());         // how this thread loads and stores there
  must(ours.store(score, 1));

  const Snapshot moment = must(parent.snapshot());  // kept as long as wanted
  Space child = must(parent.fork());                // under a microsecond, however much is mapped
  Accessor theirs = must(child.accessor());
  must(theirs.store(score, 2));  // copies one page, and only now
  std::printf("child %d, parent %d\n", must(theirs.load<int>(score)), must(ours.load<int>(score)));

  must(ours.store(score, 3));
  must(parent.rollback(moment));
  std::printf("parent, rolled back: %d\n", must(ours.load<int>(score)));
}
