#include <type_traits>

#include <gtest/gtest.h>

#include <cleave/units.h>

#include "tests/support/failure.h"

namespace cleave::detail {
namespace {

using namespace literals;

TEST(Units, DoNotTurnIntoEachOther) {
  EXPECT_FALSE((std::is_convertible_v<PageNo, FrameId>));
  EXPECT_FALSE((std::is_convertible_v<Address, PageNo>));
  EXPECT_FALSE((std::is_convertible_v<std::uint64_t, Address>));
  EXPECT_FALSE((std::is_convertible_v<ByteCount, Address>));
  EXPECT_TRUE((std::is_convertible_v<std::uint64_t, ByteCount>));
}

TEST(Units, AnAddressIsAPageAndAnOffset) {
  const Address at{0x1234'5678'9abcu};
  EXPECT_EQ(page_of(at), PageNo{0x1'2345'6789u});
  EXPECT_EQ(offset_in_page(at), 0xabcu);
  EXPECT_EQ(address_of(page_of(at)) + offset_in_page(at), at);
}

TEST(Units, TheLastPageEndsAt2To48) {
  EXPECT_EQ(raw(address_of(kPageLimit)), std::uint64_t{1} << 48);
}

TEST(Units, CountBytesInPowersOf1024) {
  EXPECT_EQ(1_KiB, ByteCount{1024});
  EXPECT_EQ(1_MiB, 1_KiB * 1024);
  EXPECT_EQ(1_GiB, 1_MiB * 1024);
  EXPECT_EQ(1_TiB, 1_GiB * 1024);
  EXPECT_LT(1_KiB + 1, 2_KiB);
  EXPECT_EQ(2_KiB - 1_KiB, 1_KiB);
}

TEST(Units, ADifferenceOfAddressesIsANumberOfBytes) {
  EXPECT_EQ(Address{0x5000} - Address{0x2000}, ByteCount{0x3000});
  EXPECT_EQ(PageNo{9} - PageNo{4}, 5u);
  PageNo page{4};
  EXPECT_EQ(++page, PageNo{5});
}

TEST(Units, ARangeOfPagesLeavesItsEndOut) {
  EXPECT_EQ((PageRange{PageNo{3}, PageNo{7}}.pages()), 4u);
  EXPECT_EQ((PageRange{PageNo{3}, PageNo{3}}.pages()), 0u);
  EXPECT_NE((PageRange{PageNo{3}, PageNo{7}}), (PageRange{PageNo{3}, PageNo{8}}));
}

}  // namespace
}  // namespace cleave::detail
