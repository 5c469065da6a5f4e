// Ordinary pointers, and a way back: what a commit remembers, a checkout brings again.
#include <cleave/cleave.h>

#include <cstdio>
#include <map>
#include <memory_resource>
#include <string>


using namespace cleave;
using namespace cleave::literals;
using Scores = std::pmr::map<std::pmr::string, int>;

int main() {
  Pool pool = must(Pool::create(1_GiB));                  // what commits remember
  Arena arena = must(Arena::create(pool, 64_MiB));        // where the program works
  HeapResource heap(must(Heap::create(arena.memory())));  // an allocator that rolls back too
  auto* scores = std::pmr::polymorphic_allocator<>(&heap).new_object<Scores>();
  (*scores)["ada"] = 1;

  const Commit one = must(arena.commit("one"));  // the price follows the pages that changed
  for (int i = 0; i < 1000; ++i) (*scores)["guest " + std::pmr::string(std::to_string(i))] = i;
  const Commit many = must(arena.commit("many"));

  must(arena.checkout(one));
  std::printf("%zu score\n", scores->size());
  must(arena.checkout(many));
  std::printf("%zu scores\n", scores->size());
}
