#include "cleave/io/open.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

#include "tests/io/on_a_ring.h"

namespace cleave {
namespace {

TEST(OpenFor, SaysWhetherTheCacheIsBypassed) {
  const ScratchFile file;
  EXPECT_FALSE(file.open(OpenMode::reading).is_direct());
  const int direct = open(file.path(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  const bool possible = direct >= 0;
  (void)close(direct);
  EXPECT_EQ(file.open(OpenMode::reading, Cache::bypassed_if_possible).is_direct(), possible);
}

TEST(OpenFor, GoesThroughTheCacheWhereTheFileSystemWantsIt) {
  const char* refuses = "/proc/self/status";
  ASSERT_LT(open(refuses, O_RDONLY | O_DIRECT | O_CLOEXEC), 0);
  ASSERT_EQ(errno, EINVAL);
  const auto file = open_for(refuses, OpenMode::reading, Cache::bypassed_if_possible);
  ASSERT_TRUE(holds(file));
  EXPECT_FALSE(file->is_direct());
}

TEST(OpenFor, TellsWhyAFileCannotBeOpened) {
  for (const Cache cache : {Cache::used, Cache::bypassed_if_possible}) {
    const auto none = open_for("no/such/file", OpenMode::updating, cache);
    EXPECT_TRUE(fails_with(none, Errc::io));
    EXPECT_EQ(none.error().system, ENOENT);
  }
}

TEST(OpenFor, KeepsOrReplacesWhatIsThere) {
  const ScratchFile file(filled(100, 1));
  (void)file.open(OpenMode::writing);
  EXPECT_EQ(file.contents().size(), 100u);
  (void)file.open(OpenMode::updating);
  EXPECT_EQ(file.contents().size(), 100u);
  (void)file.open(OpenMode::replacing);
  EXPECT_EQ(file.contents().size(), 0u);
}

TEST(File, IsClosedAtItsEndAndNotBefore) {
  const ScratchFile file;
  int number = -1;
  {
    File first = file.open(OpenMode::reading);
    number = first.descriptor();
    const File second = std::move(first);
    EXPECT_EQ(first.descriptor(), -1);
    EXPECT_GE(fcntl(number, F_GETFD), 0);
  }
  EXPECT_LT(fcntl(number, F_GETFD), 0);
}

}  // namespace
}  // namespace cleave
