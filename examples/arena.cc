// Ordinary pointers, and a way back: a checkout restores what a commit recorded.
#include <cstdio>
#include <map>
#include <memory_resource>
#include <string>

#include <cleave/cleave.h>

using namespace cleave;
using namespace cleave::literals;
using Scores = std::pmr::map<std::pmr::string, int>;

int main() {
  Pool pool = must(Pool::create(1_GiB));                  // holds the commits
  Arena arena = must(Arena::create(pool, 64_MiB));        // where the program works
  HeapResource heap(must(Heap::create(arena.memory())));  // an allocator that rolls back too
  auto* scores = std::pmr::polymorphic_allocator<>(&heap).new_object<Scores>();
  (*scores)["ada"] = 1;

  const Commit one = must(arena.commit("one"));  // costs about 1 us for each changed page
  for (int i = 0; i < 1000; ++i) (*scores)["guest " + std::pmr::string(std::to_string(i))] = i;
  const Commit many = must(arena.commit("many"));

  must(arena.checkout(one));
  std::printf("%zu score\n", scores->size());
  must(arena.checkout(many));
  std::printf("%zu scores\n", scores->size());
}
