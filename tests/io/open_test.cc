#include <cerrno>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/file.h>

#include "tests/io/on_a_ring.h"

namespace cleave::detail {
namespace {

TEST(OpenFor, SaysWhetherTheCacheIsBypassed) {
  const ScratchFile file;
  EXPECT_FALSE(file.open(OpenMode::read).is_direct());
  const int direct = open(file.path(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  const bool possible = direct >= 0;
  (void)close(direct);
  EXPECT_EQ(file.open(OpenMode::read, PageCache::bypass).is_direct(), possible);
}

TEST(OpenFor, GoesThroughTheCacheWhereTheFileSystemWantsIt) {
  const char* refuses = "/proc/self/status";
  ASSERT_LT(open(refuses, O_RDONLY | O_DIRECT | O_CLOEXEC), 0);
  ASSERT_EQ(errno, EINVAL);
  const auto file = open_file(refuses, OpenMode::read, PageCache::bypass);
  ASSERT_TRUE(holds(file));
  EXPECT_FALSE(file->is_direct());
}

TEST(OpenFor, TellsWhyAFileCannotBeOpened) {
  for (const PageCache cache : {PageCache::use, PageCache::bypass}) {
    const auto none = open_file("no/such/file", OpenMode::update, cache);
    EXPECT_TRUE(fails_with(none, Errc::io));
    EXPECT_EQ(none.error().system, ENOENT);
  }
}

TEST(OpenFor, KeepsOrReplacesWhatIsThere) {
  const ScratchFile file(filled(100, 1));
  (void)file.open(OpenMode::write);
  EXPECT_EQ(file.contents().size(), 100u);
  (void)file.open(OpenMode::update);
  EXPECT_EQ(file.contents().size(), 100u);
  (void)file.open(OpenMode::replace);
  EXPECT_EQ(file.contents().size(), 0u);
}

TEST(File, IsClosedAtItsEndAndNotBefore) {
  const ScratchFile file;
  int number = -1;
  {
    File first = file.open(OpenMode::read);
    number = first.descriptor();
    const File second = std::move(first);
    EXPECT_EQ(first.descriptor(), -1);
    EXPECT_GE(fcntl(number, F_GETFD), 0);
  }
  EXPECT_LT(fcntl(number, F_GETFD), 0);
}

}  // namespace
}  // namespace cleave::detail
