// Every memory order of the engine, weakened: some program shows that it is needed, or
// docs/reference/ordering.md says why it stays.
#include <cstdlib>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/explored/order_table.h"

namespace lab::engine {
namespace {

TEST(EngineOrders, OfThePageAreThoseThatTheProgramsSay) {
  std::set<std::string> said;
  for (const OrderRow& row : rows_without_answers(subjects())) said.insert(row.key());
  std::set<std::string> listed;
  for (const OrderRow& row : rows_of_the_page()) listed.insert(row.key());
  EXPECT_EQ(said, listed) << "`make orders` writes the table anew";
}

TEST(EngineOrders, AreNoticedWhereThePageSaysSo) {
  const std::vector<explore::Subject> all = subjects();
  std::map<std::string, explore::Usual> usuals;
  std::map<std::string, explore::Site> sites;
  for (const OrderRow& row : rows_without_answers(all)) sites.emplace(row.key(), row.one.site);
  for (const OrderRow& row : rows_of_the_page()) {
    if (row.program.empty()) {
      EXPECT_THAT(row.answer, testing::StartsWith("none: ")) << row.key();
      continue;
    }
    const auto subject = std::ranges::find(all, row.program, &explore::Subject::name);
    ASSERT_NE(subject, all.end()) << "there is no program " << row.program;
    auto usual = usuals.find(row.program);
    if (usual == usuals.end()) {
      auto made = explore::Usual::of(*subject, order_options());
      ASSERT_TRUE(made) << row.program << ": " << made.error().what;
      usual = usuals.emplace(row.program, std::move(*made)).first;
    }
    if (!sites.contains(row.key())) continue;  // the other test says so
    explore::Weakened one{sites.at(row.key()), row.one.to};
    const auto noticed = usual->second.notices(one);
    ASSERT_TRUE(noticed) << noticed.error().what;
    EXPECT_TRUE(*noticed) << row.program << " does not notice " << row.key();
  }
}

// Minutes: `make soak` asks for it, and `make orders`, which writes the table.
TEST(EngineOrders, AreNoticedNowhereElse) {
  const char* const into = std::getenv("CLEAVE_ORDERS");
  if (std::getenv("CLEAVE_SOAK") == nullptr && into == nullptr)
    GTEST_SKIP() << "CLEAVE_SOAK=1 runs it";
  const std::vector<OrderRow> found = weaken_all(subjects());
  if (into != nullptr) return write_page(into, found);
  std::map<std::string, OrderRow> listed;
  for (const OrderRow& row : rows_of_the_page()) listed.emplace(row.key(), row);
  for (const OrderRow& row : found) {
    const auto there = listed.find(row.key());
    if (there == listed.end()) continue;  // another test says so
    EXPECT_EQ(row.program.empty(), there->second.program.empty()) << row.key();
  }
}

}  // namespace
}  // namespace lab::engine
