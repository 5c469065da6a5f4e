#include <malloc.h>

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/space/on_a_space.h"
#include "tests/support/sanitized.h"

namespace cleave::detail {
namespace {

class ManyForks : public OnASpace {};

TEST_F(ManyForks, AMillionAliveTakeLessThan200BytesEach) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's malloc takes more";
  constexpr std::size_t kForks = 1'000'000;
  Space parent = new_space(1000);
  ASSERT_TRUE(holds(parent.write(at_page(16), filled(1000 * kPageSize, 1))));
  std::vector<Space> forks;
  forks.reserve(kForks);
  const auto before = mallinfo2().uordblks;
  for (std::size_t i = 0; i < kForks; ++i) forks.push_back(must(parent.fork()));
  EXPECT_LT((mallinfo2().uordblks - before) / kForks, 200u);
  EXPECT_EQ(pool.statistics().spaces, kForks + 1);
  EXPECT_EQ(used(), 1000u);
  put<int>(forks[kForks / 2], at_page(16), 5);
  put<int>(parent, at_page(17), 6);
  EXPECT_EQ(get<int>(forks[kForks - 1], at_page(16)), 0x01010101);
  EXPECT_EQ(get<int>(forks[kForks / 2], at_page(16)), 5);
  EXPECT_EQ(get<int>(forks[kForks / 2], at_page(17)), 0x01010101);
}

}  // namespace
}  // namespace cleave::detail
