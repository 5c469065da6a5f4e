#include <array>
#include <cstdint>

#include <gtest/gtest.h>

#include <cleave/detail/word.h>

namespace cleave::detail::sync {
namespace {

struct Pair {
  std::uint16_t low;
  std::uint16_t high;
  friend bool operator==(const Pair&, const Pair&) = default;
};

class Words : public testing::Test {
 protected:
  template <class T>
  void comes_back(T value) {
    at.fill(std::byte{0xaa});
    store_word(at.data(), value);
    EXPECT_EQ(load_word<T>(at.data()), value);
    for (std::size_t i = sizeof(T); i < at.size(); ++i) {
      ASSERT_EQ(at[i], std::byte{0xaa}) << "byte " << i << " behind the word";
    }
  }

  alignas(8) std::array<std::byte, 16> at{};
};

TEST_F(Words, OfEverySizeComeBackAndTouchNothingElse) {
  comes_back<std::uint8_t>(0x12);
  comes_back<std::int16_t>(-2);
  comes_back<std::uint32_t>(0x1234'5678);
  comes_back<std::int64_t>(-3);
  comes_back(true);
  comes_back(1.5F);
  comes_back(-2.25);
  comes_back(Pair{1, 2});
}

TEST_F(Words, AnAdditionGivesWhatWasThereAndWraps) {
  store_word<std::uint8_t>(at.data(), 250);
  EXPECT_EQ(fetch_add_word<std::uint8_t>(at.data(), 10), 250);
  EXPECT_EQ(load_word<std::uint8_t>(at.data()), 4);
  EXPECT_EQ(load_word<std::uint8_t>(at.data() + 1), 0) << "the carry must not leave the word";
  store_word<std::int64_t>(at.data(), -5);
  EXPECT_EQ(fetch_add_word<std::int64_t>(at.data(), -5), -5);
  EXPECT_EQ(load_word<std::int64_t>(at.data()), -10);
}

TEST_F(Words, ACompareExchangeStoresOnlyOverWhatItExpects) {
  store_word<std::uint32_t>(at.data(), 7);
  EXPECT_EQ(compare_exchange_word<std::uint32_t>(at.data(), 6, 9), 7u);
  EXPECT_EQ(load_word<std::uint32_t>(at.data()), 7u);
  EXPECT_EQ(compare_exchange_word<std::uint32_t>(at.data(), 7, 9), 7u);
  EXPECT_EQ(load_word<std::uint32_t>(at.data()), 9u);
  store_word(at.data(), Pair{1, 2});
  EXPECT_EQ(compare_exchange_word(at.data(), Pair{1, 2}, Pair{3, 4}), (Pair{1, 2}));
  EXPECT_EQ(load_word<Pair>(at.data()), (Pair{3, 4}));
}

}  // namespace
}  // namespace cleave::detail::sync
