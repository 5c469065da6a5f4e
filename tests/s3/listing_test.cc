// Lists of a bucket, and what is none.
#include "s3/listing.h"

#include <gtest/gtest.h>

namespace cleave::detail::s3 {
namespace {

constexpr const char* kList =
    "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name><KeyCount>2</KeyCount>"
    "<Contents><Key>packs/a</Key><LastModified>x</LastModified><Size>5</Size></Contents>"
    "<Contents><Key>a&amp;b&lt;</Key><Size>18446744073709551615</Size></Contents>"
    "<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;=</NextContinuationToken>"
    "</ListBucketResult>";

TEST(ListOfABucket, IsRead) {
  const auto listing = parse_listing(kList);
  ASSERT_TRUE(listing);
  ASSERT_EQ(listing->items.size(), 2u);
  EXPECT_EQ(listing->items[0].key, "packs/a");
  EXPECT_EQ(listing->items[0].size, 5u);
  EXPECT_EQ(listing->items[1].key, "a&b<");
  EXPECT_EQ(listing->next, "a&=");
}

// However much of it there is: a list, or none; and never a part of one.
TEST(ListOfABucket, IsNoneWhereItEndsEarly) {
  const std::string whole = kList;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_listing(whole.substr(0, size))) << size;
  }
}

TEST(ListOfABucket, IsNoneWhereItSaysNoSize) {
  for (const char* size : {"", "-1", "5x", "18446744073709551616"}) {
    EXPECT_FALSE(parse_listing(std::string("<ListBucketResult><Contents><Key>a</Key><Size>") +
                               size +
                               "</Size></Contents><IsTruncated>false</IsTruncated>"
                               "</ListBucketResult>"))
        << size;
  }
  EXPECT_FALSE(
      parse_listing("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"))
      << "more, and no word of where";
}

}  // namespace
}  // namespace cleave::detail::s3
