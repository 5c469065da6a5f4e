// Pages come back from a swap file as they were put.

#include <cleave/backing/swap_file.h>
#include <cleave/must.h>

#include "tests/backing/pages.h"
#include "tests/support/failure.h"

namespace cleave::detail {
namespace {

using namespace cleave::literals;

TEST(SwapFile, GivesBackWhatWasPut) {
  const auto file = must(swap_file({.bytes = 4_MiB}));
  Pages pages(300);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
  std::vector<Place> places(pages.size());
  ASSERT_TRUE(holds(file->put(pages.read(), places)));
  Pages back(pages.size());
  ASSERT_TRUE(holds(file->get(places, back.all())));
  for (std::size_t i = 0; i < pages.size(); ++i) EXPECT_TRUE(back.same(i, pages, i)) << i;
  EXPECT_EQ(file->statistics().pages, 300u);
}

TEST(SwapFile, PutsWhatIsPutTogetherInSlotsThatFollowEachOther) {
  const auto file = must(swap_file({.bytes = 4_MiB}));
  Pages pages(100);
  std::vector<Place> places(pages.size());
  ASSERT_TRUE(holds(file->put(pages.read(), places)));
  for (std::size_t i = 1; i < places.size(); ++i) {
    EXPECT_EQ(static_cast<std::uint64_t>(places[i]), static_cast<std::uint64_t>(places[0]) + i);
  }
}

}  // namespace
}  // namespace cleave::detail
