// A heap in memory that a child of fork(2) has too.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/heap.h>
#include <cleave/must.h>

#include "heap/layout.h"
#include "tests/heap/heap_memory.h"

namespace cleave::detail {
namespace {

int exit_status_of(const std::function<bool()>& in_the_child) {
  const pid_t child = fork();
  if (child == 0) {
    (void)alarm(60);
    _exit(in_the_child() ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "status " << status;
  return WEXITSTATUS(status);
}

class HeapFork : public testing::Test {
 protected:
  [[nodiscard]] HeapHeader& header() const {
    return *reinterpret_cast<HeapHeader*>(memory.bytes().data());
  }
  [[nodiscard]] HeapSlot& slot(unsigned number) const {
    const std::span<std::byte> bytes = memory.bytes();
    const auto pages = static_cast<std::uint32_t>(bytes.size() >> kPageBits);
    return reinterpret_cast<HeapSlot*>(bytes.data() + HeapLayout::of(pages).slots)[number];
  }

  HeapMemory memory{std::uint64_t{4} << 20};
  Heap heap = must(Heap::create(memory.bytes()));
};

TEST_F(HeapFork, GoesOnInAChildIfNoThreadWasInside) {
  std::vector<void*> blocks;
  for (const std::uint64_t size : {16, 500, 9000, 100'000}) blocks.push_back(heap.allocate(size));
  void* of_another = nullptr;
  std::thread([&] { of_another = heap.allocate(64); }).join();
  EXPECT_EQ(exit_status_of([&] {
              for (void* block : blocks) heap.deallocate(block);
              heap.deallocate(of_another);
              for (const std::uint64_t size : {24, 700, 12'000, 200'000}) {
                if (heap.allocate(size) == nullptr) return false;
              }
              bool good = true;
              std::thread([&] { good = heap.allocate(300) != nullptr; }).join();
              return good && !heap.check();
            }),
            0);
  EXPECT_FALSE(heap.check());
  for (void* block : blocks) heap.deallocate(block);
}

TEST_F(HeapFork, RefusesInAChildWhatAnotherThreadMayHaveLeftHalfDone) {
  struct Inside {
    const char* where;
    std::function<void()> begin;
    std::function<void()> end;
  };
  HeapSlot& another = slot(3);
  const std::vector<Inside> everywhere{
      {"the page lock", [&] { header().page_lock.lock(); }, [&] { header().page_lock.unlock(); }},
      {"the lock of pauses", [&] { header().pause.lock(); }, [&] { header().pause.unlock(); }},
      {"the shared slot", [&] { header().shared_slot.lock(); },
       [&] { header().shared_slot.unlock(); }},
      {"a pause", [&] { header().paused.store(1, sync::relaxed); },
       [&] { header().paused.store(0, sync::relaxed); }},
      {"a slot", [&] { another.inside.store(1, sync::relaxed); },
       [&] { another.inside.store(0, sync::relaxed); }},
  };
  void* const small = heap.allocate(16);
  void* const large = heap.allocate(100'000);
  for (const Inside& inside : everywhere) {
    SCOPED_TRACE(inside.where);
    std::atomic<int> step{0};
    std::thread thread([&] {
      inside.begin();
      step = 1;
      step.notify_one();
      step.wait(1);
      inside.end();
    });
    step.wait(0);
    const int status = exit_status_of([&] {
      const bool refused = heap.allocate(100'000) == nullptr && heap.allocate(3000) == nullptr &&
                           heap.reallocate(large, 200'000) == nullptr &&
                           heap.usable_size(large) >= 100'000 && heap.check().has_value() &&
                           heap.statistics().blocks == 0;
      heap.deallocate(large);
      Heap again = must(Heap::open(memory.bytes()));
      return refused && !again.check() && again.allocate(100'000) != nullptr &&
             heap.allocate(3000) != nullptr;
    });
    step = 2;
    step.notify_one();
    thread.join();
    EXPECT_EQ(status, 0);
  }
  heap.deallocate(small);
  heap.deallocate(large);
  EXPECT_FALSE(heap.check());
}

}  // namespace
}  // namespace cleave::detail
