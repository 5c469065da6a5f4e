// Threads in one heap, in every order: frees of another's blocks, and the pause of a thread that
// looks at everything or finds no room.
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include <cleave/heap.h>

#include "tests/explored/scenes.h"

namespace lab::engine {
namespace {

using cleave::Heap;
using cleave::kPageSize;
using explore::Memory;
using explore::Outcome;

constexpr std::size_t kHalfASlab = 2 * kPageSize;  // a slab of this small heap holds two
constexpr std::size_t kWholeSlab = 8 * kPageSize;

// The same bytes for all runs of a thread of the system, all zero again.
std::span<std::byte> zeroes() {
  struct Aligned {
    alignas(4096) std::byte bytes[Heap::kSmallest.value];
  };
  thread_local const auto memory = std::make_unique<Aligned>();
  std::memset(memory->bytes, 0, sizeof memory->bytes);
  return memory->bytes;
}

struct HeapOfARun {
  std::optional<Heap> heap;
  std::vector<void*> blocks;
  const char* damage = nullptr;
  void* given[3] = {};

  void look() {
    if (const auto found = heap->check()) damage = found->what;
  }
  // A block for the caller's thread, in the set-up.
  void fill(Stage& stage, std::uint64_t thread, std::size_t bytes, std::size_t count) {
    stage.adapter.act_for(thread + 1);
    for (std::size_t i = 0; i < count; ++i) blocks.push_back(heap->allocate(bytes));
    stage.adapter.act_for(0);
  }
};
using HeapRun = std::shared_ptr<HeapOfARun>;

HeapRun new_run() { return std::make_shared<HeapOfARun>(); }

void make_heap(HeapRun& run) { run->heap = must(Heap::create(zeroes())); }

// The heap is whole, holds as many blocks as it should, and gave none twice.
std::string look_at(const HeapRun& run, Outcome& outcome, std::uint64_t blocks) {
  if (run->damage != nullptr) return std::string("a check beside other threads: ") + run->damage;
  if (const auto found = run->heap->check()) return found->what;
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    given += run->given[i] != nullptr ? 1 : 0;
    for (std::size_t k = 0; k < i; ++k)
      if (run->given[i] != nullptr && run->given[i] == run->given[k]) return "a block went twice";
  }
  outcome.note("given", given);
  const std::uint64_t there = run->heap->statistics().blocks;
  return there == blocks + given ? "" : "a block is lost";
}

// The owner takes note of what others have freed, while a thread looks at everything.
Script check_beside_the_owner() {
  HeapRun run = new_run();
  return {[run](Stage& s) mutable {
            make_heap(run);
            run->fill(s, 0, kHalfASlab, 2);
            s.adapter.act_for(3);
            for (void* block : run->blocks) run->heap->deallocate(block);
            s.adapter.act_for(0);
          },
          [run](Stage&) -> std::vector<Part> {
            return {{"allocate", [run] { run->given[0] = run->heap->allocate(kHalfASlab); }},
                    {"check", [run] { run->look(); }}};
          },
          [run](Stage&, Outcome& outcome) { return look_at(run, outcome, 0); }};
}

// Two threads free blocks of a third, which is about to look for a block.
Script remote_frees_meet() {
  HeapRun run = new_run();
  return {[run](Stage& s) mutable {
            make_heap(run);
            run->fill(s, 0, kHalfASlab, 2);
          },
          [run](Stage&) -> std::vector<Part> {
            return {{"allocate", [run] { run->given[0] = run->heap->allocate(kHalfASlab); }},
                    {"free", [run] { run->heap->deallocate(run->blocks[0]); }},
                    {"free", [run] { run->heap->deallocate(run->blocks[1]); }}};
          },
          [run](Stage&, Outcome& outcome) { return look_at(run, outcome, 0); }};
}

// A free of another's block, while a thread looks at everything.
Script check_beside_a_remote_free() {
  HeapRun run = new_run();
  return {[run](Stage& s) mutable {
            make_heap(run);
            run->fill(s, 2, kHalfASlab, 2);  // of a thread that is not about
          },
          [run](Stage&) -> std::vector<Part> {
            return {{"free", [run] { run->heap->deallocate(run->blocks[0]); }},
                    {"check", [run] { run->look(); }}};
          },
          [run](Stage&, Outcome& outcome) { return look_at(run, outcome, 1); }};
}

// A heap without a page to spare: who wants a block collects what lies unused in the slots of
// others, and takes over another's slab, while the owner is at it.
Script full_heap() {
  HeapRun run = new_run();
  return {[run](Stage& s) mutable {
            make_heap(run);
            run->fill(s, 0, kHalfASlab, 2);
            run->fill(s, 0, kWholeSlab, 64);
            run->fill(s, 0, kPageSize, 64);
            std::erase(run->blocks, nullptr);
            s.adapter.act_for(3);
            run->heap->deallocate(run->blocks[0]);
            s.adapter.act_for(0);
          },
          [run](Stage&) -> std::vector<Part> {
            return {{"allocate", [run] { run->given[0] = run->heap->allocate(kHalfASlab); }},
                    {"allocate", [run] { run->given[1] = run->heap->allocate(kHalfASlab); }}};
          },
          [run](Stage&, Outcome& outcome) {
            std::string wrong = look_at(run, outcome, run->blocks.size() - 1);
            const bool one = (run->given[0] != nullptr) != (run->given[1] != nullptr);
            return wrong.empty() && !one ? "one block was there, and one alone" : wrong;
          }};
}

TEST(ExploredHeap, IsWholeWhenAThreadPausesItsOwner) {
  expect_nothing_breaks(&check_beside_the_owner);
}
TEST(ExploredHeap, IsWholeWhenAThreadPausesARemoteFree) {
  expect_nothing_breaks(&check_beside_a_remote_free);
}
TEST(ExploredHeap, LosesNoFreeWhereTwoThreadsFreeForAThird) {
  expect_nothing_breaks(&remote_frees_meet);
}
TEST(ExploredHeap, GivesItsLastBlockToOneThread) { expect_nothing_breaks(&full_heap); }

TEST(ExploredHeap, MissesItsFencesAndWaits) {
  for (const Scripts scene : {&check_beside_the_owner, &check_beside_a_remote_free}) {
    expect_missed("heap.left", scene, Memory::sc);
    expect_missed("heap.pause", scene, Memory::tso);
    expect_missed("heap.enter", scene, Memory::tso, {.has_membarrier = false});
  }
}

}  // namespace
}  // namespace lab::engine
