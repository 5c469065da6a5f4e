// Children of every kind know which process they are, and find its locks free.
#include "sync/process.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

namespace cleave::detail::sync {
namespace {

int exit_status_of(pid_t child) {
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "status " << status;
  return WEXITSTATUS(status);
}

TEST(Process, IsHereWhereItWasAskedFor) {
  const Process here = Process::current();
  EXPECT_TRUE(here.is_here());
  EXPECT_TRUE(Process::current().is_here());
  EXPECT_FALSE(Process::none().is_here());
  std::thread([&] { EXPECT_TRUE(here.is_here()); }).join();
}

TEST(Process, IsNotHereInAChildNorInAChildsChild) {
  const Process parent = Process::current();
  const pid_t child = fork();
  if (child == 0) {
    const bool lost = !parent.is_here();
    const Process own = Process::current();
    const bool found = own.is_here() && !parent.is_here();
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      const bool both_lost = !parent.is_here() && !own.is_here();
      const Process third = Process::current();
      _exit(both_lost && third.is_here() && !parent.is_here() && !own.is_here() ? 0 : 1);
    }
    int status = -1;
    _exit(lost && found && waitpid(grandchild, &status, 0) == grandchild && status == 0 &&
                  own.is_here()
              ? 0
              : 1);
  }
  EXPECT_EQ(exit_status_of(child), 0);
  EXPECT_TRUE(parent.is_here());
}

// What runs no handler of pthread_atfork(3).
TEST(Process, IsNotHereInAChildOfClone) {
  const Process parent = Process::current();
  const auto child =
      static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child == 0) _exit(parent.is_here() ? 1 : 0);
  EXPECT_EQ(exit_status_of(child), 0);
}

TEST(Process, IsHereInAChildThatHasTheMemoryToo) {
  static Process parent = Process::none();
  parent = Process::current();
  std::array<std::byte, 16 << 10> stack{};
  // As vfork(2) and posix_spawn(3) make it: another process, the same memory.
  const int child = clone([](void*) { return parent.is_here() ? 0 : 1; },
                          stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr);
  ASSERT_GT(child, 0);
  EXPECT_EQ(exit_status_of(child), 0);
  EXPECT_TRUE(parent.is_here());
}

TEST(Process, FindsItsLocksFreeInAChildWhoeverHeldThem) {
  for (const ProcessLock which : {ProcessLock::wiped_blocks, ProcessLock::fault_watches}) {
    std::atomic<bool> held{false};
    std::atomic<bool> done{false};
    std::thread holder([&] {
      const Guard guard(process_lock(which));
      held = true;
      while (!done) std::this_thread::yield();
    });
    while (!held) std::this_thread::yield();
    const pid_t child = fork();
    if (child == 0) {
      (void)alarm(60);
      { const Guard guard(process_lock(which)); }
      _exit(allocate_wiped() == nullptr ? 1 : 0);
    }
    done = true;
    holder.join();
    EXPECT_EQ(exit_status_of(child), 0);
  }
}

TEST(WipedMemory, KeepsWhatIsWrittenHereAndIsZeroesInAChild) {
  auto* const block = static_cast<unsigned char*>(allocate_wiped());
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0u);
  std::memset(block, 7, kWipedBytes);
  const pid_t child = fork();
  if (child == 0) {
    const bool wiped = block[0] == 0 && block[kWipedBytes - 1] == 0;
    auto* const own = static_cast<unsigned char*>(allocate_wiped());
    const bool other = own + kWipedBytes <= block || block + kWipedBytes <= own;
    _exit(wiped && other ? 0 : 1);
  }
  EXPECT_EQ(exit_status_of(child), 0);
  EXPECT_EQ(block[kWipedBytes - 1], 7);
  deallocate_wiped(block);
}

TEST(WipedMemory, IsHandedOutAgain) {
  void* const one = allocate_wiped();
  deallocate_wiped(one);
  void* const two = allocate_wiped();
  EXPECT_EQ(one, two);
  deallocate_wiped(two);
}

}  // namespace
}  // namespace cleave::detail::sync
