#include <algorithm>
#include <array>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/detail/pieces.h>
#include <cleave/must.h>

#include "base/handle_access.h"
#include "frames/frames.h"
#include "tests/pins/on_pins.h"

namespace cleave::detail {
namespace {

using PiecesOfAPin = OnPins;

TEST_F(PiecesOfAPin, PointToTheVeryBytes) {
  Space space = written_space(3);
  const Pin pin = must(space.pin(at_page(16, 5000), 3000, kWriting));
  ASSERT_EQ(pin.size(), ByteCount{3000});
  std::uint64_t at = 0;
  for (const iovec& piece : pin.pieces()) {
    for (std::byte& b : bytes_of(piece)) {
      const auto before = get<std::byte>(space, at_page(16, 5000 + at));
      ASSERT_EQ(b, before) << "byte " << at;
      b ^= std::byte{0xff};
      ASSERT_EQ(get<std::byte>(space, at_page(16, 5000 + at)), ~before) << "byte " << at;
      ++at;
    }
  }
  EXPECT_EQ(at, 3000u);
}

TEST_F(PiecesOfAPin, CoverUnalignedRangesAndNothingElse) {
  Space space = written_space(4);
  const Bytes all = bytes_in(space, at_page(16), 4 * kPageSize);
  constexpr std::pair<std::uint64_t, std::uint64_t> kRanges[] = {
      {0, 1}, {4095, 1}, {4095, 2}, {4096, 4096}, {1, 4095}, {1, 4096}, {100, 12000}, {0, 16384}};
  for (const auto& [from, size] : kRanges) {
    SCOPED_TRACE(testing::Message() << from << ", " << size << " bytes");
    const std::uint64_t pages = (from + size + kPageSize - 1) / kPageSize - from / kPageSize;
    const Pin pin = must(space.pin(at_page(16, from), size, kWriting));
    EXPECT_EQ(pin.size(), ByteCount{size});
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(from);
    EXPECT_EQ(seen_through(pin), Bytes(first, first + static_cast<std::ptrdiff_t>(size)));
    expect_pins(pages, 0);
    EXPECT_EQ(frames_of(pin).size(), pages);
  }
}

// A pool gives new frames in ascending order: a page of its own between two makes a gap.
TEST_F(PiecesOfAPin, JoinWhereFramesLieSideBySide) {
  Space space = new_space(8);
  ASSERT_TRUE(holds(space.write(at_page(16), filled(3 * kPageSize, 1))));
  ASSERT_TRUE(holds(space.write(at_page(20), filled(1, 1))));
  ASSERT_TRUE(holds(space.write(at_page(19), filled(1, 1))));
  {
    const Pin three = must(space.pin(at_page(16), pages_of(3), kReading));
    ASSERT_EQ(three.pieces().size(), 1u);
    EXPECT_EQ(three.pieces()[0].iov_len, 3 * kPageSize);
  }
  // Frames 1, 2, 3, then 5, then 4.
  const Pin five = must(space.pin(at_page(16, 10), 5 * kPageSize - 10, kReading));
  ASSERT_EQ(five.pieces().size(), 3u);
  EXPECT_EQ(five.pieces()[0].iov_len, 3 * kPageSize - 10);
  EXPECT_EQ(five.pieces()[1].iov_len, kPageSize);
  EXPECT_EQ(five.pieces()[2].iov_len, kPageSize);
}

TEST_F(PiecesOfAPin, LieInTheWindowWhereTheyAreSaidTo) {
  Space space = written_space(3);
  put<int>(space, at_page(17), 1);
  const Pin pin = must(space.pin(at_page(16, 100), pages_of(2), kReading));
  for (const iovec& piece : pin.pieces()) {
    EXPECT_EQ(HandleAccess::state(pool).file().base() + pin.pool_offset(piece).value,
              piece.iov_base);
    EXPECT_EQ(pin.pool_offset(piece).value % kPageSize,
              reinterpret_cast<std::uintptr_t>(piece.iov_base) % kPageSize);
    EXPECT_LT(pin.pool_offset(piece).value + piece.iov_len, pool.statistics().budget * kPageSize);
  }
}

TEST(Pieces, GrowAsFarAsNeededAndKeepWhatTheyHave) {
  std::array<std::byte, 1000> memory{};
  Pieces pieces;
  for (std::size_t i = 0; i < 500; ++i) {
    ASSERT_TRUE(pieces.reserve(1));
    pieces.add(memory.data() + 2 * i, 1);  // with a gap after each
  }
  ASSERT_EQ(pieces.list().size(), 500u);
  EXPECT_EQ(pieces.bytes(), 500u);
  for (std::size_t i = 0; i < 500; ++i) {
    ASSERT_EQ(pieces.list()[i].iov_base, memory.data() + 2 * i);
    ASSERT_EQ(pieces.list()[i].iov_len, 1u);
  }
}

TEST(Pieces, ThatLieSideBySideAreOneAndNeedNoRoom) {
  std::array<std::byte, 100> memory{};
  Pieces pieces;
  for (std::size_t i = 0; i < 10; ++i) pieces.add(memory.data() + 10 * i, 10);
  ASSERT_EQ(pieces.list().size(), 1u);
  EXPECT_EQ(pieces.list()[0].iov_len, 100u);
}

TEST(Pieces, MovedFromAreNoneAndMayBeUsedAgain) {
  std::array<std::byte, 100> memory{};
  Pieces pieces;
  ASSERT_TRUE(pieces.reserve(3));
  for (std::size_t i = 0; i < 3; ++i) pieces.add(memory.data() + 20 * i, 10);
  Pieces moved = std::move(pieces);
  EXPECT_EQ(moved.list().size(), 3u);
  EXPECT_TRUE(pieces.list().empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(pieces.bytes(), 0u);
  ASSERT_TRUE(pieces.reserve(2));
  pieces.add(memory.data(), 5);
  pieces.add(memory.data() + 50, 6);
  EXPECT_EQ(pieces.bytes(), 11u);
  EXPECT_EQ(moved.bytes(), 30u);
}

}  // namespace
}  // namespace cleave::detail
