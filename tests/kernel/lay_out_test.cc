#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "lab/kernel/process/memory_calls.h"
#include "lab/kernel/shared/pagemap.h"
#include "on_this_kernel.h"

namespace lab::kernel {
namespace {

using LaidOutPages = OnThisKernel;

// In a child: pages of tests lie at addresses of their own.
int in_a_child(const CompiledTest& compiled) {
  const pid_t child = fork();
  if (child == 0) {
    reopen_pagemap();
    if (!lay_out_pages(compiled)) _exit(2);
    for (const Placement& spot : compiled.placements) {
      const PageInfo info = page_info(spot.address);
      constexpr unsigned kOnAList = 5;  // KPF_LRU
      if (!info.is(kFlagZeroPage) && !info.is(kOnAList)) _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// What waits in a batch has a reference that no test has asked for, and is passed by in reclaim.
TEST_F(LaidOutPages, WaitInNoBatchWhenTheTestBegins) {
  const litmus::Test test = test_of(
      "page x = 1\npage y = 2\npage z zero\npage f = 3 file\npage r = 4 readonly\n"
      "process P {\n}\nexists P:x = 1\n");
  const auto compiled = compile(test);
  ASSERT_TRUE(compiled.has_value()) << compiled.error();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(in_a_child(*compiled), 0);
}

}  // namespace
}  // namespace lab::kernel
