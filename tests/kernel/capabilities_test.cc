#include "lab/kernel/system/capabilities.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab::kernel {
namespace {

MemoryGroups groups_of(const std::string& mounts, const std::string& controllers) {
  std::istringstream text(mounts);
  return memory_groups(text, [&](const std::string&) { return controllers; });
}

constexpr const char* kVersion1 =
    "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
    "cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n"
    "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n";

TEST(KernelRules, AreThoseOfItsVersion) {
  EXPECT_STREQ(rules_of("6.18.44-fc"), "F");
  EXPECT_STREQ(rules_of("6.15"), "F");
  EXPECT_STREQ(rules_of("7.0.0-rc1"), "F");
  EXPECT_STREQ(rules_of("6.14.11"), "E1");
  EXPECT_STREQ(rules_of("6.10.0"), "E1");
  EXPECT_STREQ(rules_of("6.9.3"), "E1c");
  EXPECT_STREQ(rules_of("6.6.100"), "E1b");
  EXPECT_STREQ(rules_of("6.1.0-28-amd64"), "E1a");
  EXPECT_STREQ(rules_of("6.0.19"), "E0");
  EXPECT_STREQ(rules_of("5.18.0"), "C2");
  EXPECT_STREQ(rules_of("5.15.0-100-generic"), "C1");
  EXPECT_STREQ(rules_of("5.10.0"), "C0");
  EXPECT_STREQ(rules_of("4.19.0"), "A");
}

TEST(MemoryGroups, OfVersionOneAreReclaimedByForcing) {
  const MemoryGroups groups = groups_of(kVersion1, "");
  EXPECT_EQ(groups.folder, "/sys/fs/cgroup/memory");
  EXPECT_EQ(groups.reclaim, "memory.force_empty");
}

TEST(MemoryGroups, OfVersionTwoAreReclaimedByAnAmount) {
  const MemoryGroups groups =
      groups_of("cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n", "cpuset cpu io memory pids");
  EXPECT_EQ(groups.folder, "/sys/fs/cgroup");
  EXPECT_EQ(groups.reclaim, "memory.reclaim");
}

TEST(MemoryGroups, AreWhereTheControllerIsAndNotBeside) {
  const std::string both = "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
  EXPECT_EQ(groups_of(both + kVersion1, "").folder, "/sys/fs/cgroup/memory");
  EXPECT_EQ(groups_of(kVersion1 + both, "").folder, "/sys/fs/cgroup/memory");
}

TEST(MemoryGroups, ThatLackTheControllerSayHowToGiveItToThem) {
  const MemoryGroups groups =
      groups_of("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", "cpu memory_like");
  EXPECT_EQ(groups.folder, "");
  EXPECT_THAT(groups.why,
              testing::HasSubstr("echo +memory > /sys/fs/cgroup/cgroup.subtree_control"));
  EXPECT_THAT(groups_of("tmpfs / tmpfs rw 0 0\n", "").why,
              testing::HasSubstr("no memory controller"));
}

}  // namespace
}  // namespace lab::kernel
