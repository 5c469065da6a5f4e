// Every byte arrives where it should, and no other byte changes.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/io/every_way.h"

namespace cleave::detail {
namespace {

struct Place {
  std::size_t bytes;
  std::uint64_t offset;   // in the file
  std::uint64_t in_page;  // of the address
};

std::vector<Place> places() {
  std::vector<Place> all;
  for (const std::size_t bytes : {1U, 511U, 512U, 4096U, 4097U, 60'000U, 131'072U}) {
    for (const std::uint64_t offset : {0U, 1U, 512U, 4095U, 4096U, 12'800U}) {
      for (const std::uint64_t in_page : {0U, 1U, 512U, 4095U})
        all.push_back({bytes, offset, in_page});
    }
  }
  return all;
}

void PrintTo(const Place& p, std::ostream* out) {
  *out << p.bytes << " bytes at " << p.offset << " in the file, " << p.in_page << " in a page";
}

class ReadFile : public EveryWay {};
class WriteFile : public EveryWay {};

TEST_P(ReadFile, BringsEveryByteFromAnyOffsetToAnyAddress) {
  const Bytes contents = patterned(160'000, 1);
  const ScratchFile file(contents);
  const File open = file.open(OpenMode::read, GetParam().cache);
  Space space = new_space(64);
  const std::size_t size = 48 * kPageSize;
  for (const Place& p : places()) {
    SCOPED_TRACE(testing::PrintToString(p));
    ASSERT_TRUE(holds(space.write(at_page(16), filled(size, 0xcc))));
    const Space sibling = must(space.fork());
    const auto read =
        read_file(*ring, space, at_page(17, p.in_page), open.descriptor(), p.offset, p.bytes);
    ASSERT_TRUE(holds(read));
    EXPECT_EQ(read->value, p.bytes);
    Bytes expected = filled(size, 0xcc);
    std::copy_n(contents.begin() + static_cast<std::ptrdiff_t>(p.offset), p.bytes,
                expected.begin() + static_cast<std::ptrdiff_t>(kPageSize + p.in_page));
    ASSERT_EQ(bytes_in(space, at_page(16), size), expected);
    ASSERT_EQ(bytes_in(sibling, at_page(16), size), filled(size, 0xcc));
  }
}

TEST_P(WriteFile, BringsEveryByteFromAnyAddressToAnyOffset) {
  const Bytes before = patterned(40'000, 2);
  const Bytes contents = patterned(48 * kPageSize, 3);
  const ScratchFile file;
  Space space = new_space(48);
  must(space.write(at_page(16), contents));
  for (const Place& p : places()) {
    for (const Consistency view : {Consistency::stable, Consistency::coherent}) {
      SCOPED_TRACE(testing::PrintToString(p));
      file.fill(before);
      const File open = file.open(OpenMode::update, GetParam().cache);
      const auto written = write_file(*ring, space, at_page(17, p.in_page), open.descriptor(),
                                      p.offset, p.bytes, view);
      ASSERT_TRUE(holds(written));
      EXPECT_EQ(written->value, p.bytes);
      Bytes expected = before;
      expected.resize(std::max<std::size_t>(expected.size(), p.offset + p.bytes));
      std::copy_n(contents.begin() + static_cast<std::ptrdiff_t>(kPageSize + p.in_page), p.bytes,
                  expected.begin() + static_cast<std::ptrdiff_t>(p.offset));
      ASSERT_EQ(file.contents(), expected);
    }
  }
  ASSERT_EQ(bytes_in(space, at_page(16), contents.size()), contents);
}

TEST_P(ReadFile, FillsFramesThatLieAnywhere) {
  const Bytes contents = patterned(9 * kMiB + 77, 4);
  const ScratchFile file(contents);
  const File open = file.open(OpenMode::read, GetParam().cache);
  Space space = new_space(4096);
  {
    // Every second frame of the first pages belongs to another space.
    Space other = new_space(512);
    for (std::uint64_t page = 16; page < 16 + 512; ++page) {
      put(space, at_page(page), page);
      put(other, at_page(page), page);
    }
  }
  const auto read =
      read_file(*ring, space, at_page(16), open.descriptor(), 0, contents.size() + kPageSize);
  ASSERT_TRUE(holds(read));
  EXPECT_EQ(read->value, contents.size());
  EXPECT_TRUE(bytes_in(space, at_page(16), contents.size()) == contents);
}

TEST_P(ReadFile, EndsWhereTheFileEnds) {
  const ScratchFile file(patterned(10'000, 5));
  const File open = file.open(OpenMode::read, GetParam().cache);
  Space space = new_space(64);
  EXPECT_EQ(must(read_file(*ring, space, at_page(16), open.descriptor(), 0, 200'000)).value,
            10'000u);
  EXPECT_EQ(must(read_file(*ring, space, at_page(16), open.descriptor(), 4096, 200'000)).value,
            5'904u);
  EXPECT_EQ(must(read_file(*ring, space, at_page(16), open.descriptor(), 9'999, 4096)).value, 1u);
  EXPECT_EQ(must(read_file(*ring, space, at_page(16), open.descriptor(), 10'000, 4096)).value, 0u);
  EXPECT_EQ(must(read_file(*ring, space, at_page(16), open.descriptor(), 1 << 20, 4096)).value, 0u);
  // No region is there after the file's end, which comes first.
  EXPECT_EQ(must(read_file(*ring, space, at_page(16 + 60), open.descriptor(), 0, 4 * 4096)).value,
            10'000u);
}

TEST_P(ReadFile, GoesAcrossRegions) {
  const Bytes contents = patterned(100'000, 6);
  const ScratchFile file(contents);
  const File open = file.open(OpenMode::read, GetParam().cache);
  Space space = new_space();
  must(space.map_at(at_page(16), pages_of(3)));
  must(space.map_at(at_page(19), pages_of(40)));
  ASSERT_TRUE(
      holds(read_file(*ring, space, at_page(16, 3), open.descriptor(), 0, contents.size())));
  EXPECT_EQ(bytes_in(space, at_page(16, 3), contents.size()), contents);
}

TEST_P(WriteFile, SendsZeroesForPagesNeverWritten) {
  const ScratchFile file;
  const File open = file.open(OpenMode::write, GetParam().cache);
  Space space = new_space(200);
  put<char>(space, at_page(100), 'x');
  const std::uint64_t frames = used();
  ASSERT_TRUE(holds(write_file(*ring, space, at_page(16), open.descriptor(), 0, pages_of(200))));
  Bytes expected = filled(200 * kPageSize, 0);
  expected[84 * kPageSize] = std::byte{'x'};
  EXPECT_EQ(file.contents(), expected);
  EXPECT_EQ(used(), frames) << "looking took frames";
}

TEST_P(WriteFile, AppendsInOrder) {
  const ScratchFile file(filled(5, 1));
  const Bytes contents = patterned(300'000, 7);
  Space space = new_space(100);
  must(space.write(at_page(16), contents));
  const File open(::open(file.path(), O_WRONLY | O_APPEND));
  ASSERT_TRUE(holds(write_file(*ring, space, at_page(16), open.descriptor(), 0, contents.size())));
  const Bytes now = file.contents();
  ASSERT_EQ(now.size(), contents.size() + 5);
  EXPECT_EQ(part(now, 5, contents.size()), contents);
}

INSTANTIATE_TEST_SUITE_P(, ReadFile, testing::ValuesIn(every_way()), name_of);
INSTANTIATE_TEST_SUITE_P(, WriteFile, testing::ValuesIn(every_way()), name_of);

}  // namespace
}  // namespace cleave::detail
