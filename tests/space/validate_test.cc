// What validate() finds wrong with a space: each violation is planted, found, and taken back.
#include "space/validate.h"

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/accessor.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "base/handle_access.h"
#include "tests/support/on_a_pool.h"

namespace cleave::detail {
namespace {

using testing::HasSubstr;

constexpr PageNo kPage{16};
constexpr Address kAt = address_of(kPage);

class ValidatedSpace : public OnAPool {
 protected:
  ValidatedSpace() : made(must(Space::create(pool))) {
    must(space.map_at(kAt, 2 * kPageSize));
    accessor.emplace(must(space.accessor()));
    must(accessor->store<int>(kAt, 1));
    (void)must(accessor->load<int>(kAt));
  }

  void TearDown() override {
    accessor.reset();
    made.reset();
    OnAPool::TearDown();
  }

  // "" if nothing is wrong.
  std::string wrong() {
    Recount recount(HandleAccess::state(pool));
    validate(HandleAccess::state(space), recount);
    validate(state(), recount);
    recount.compare();
    return recount.wrong() == nullptr ? "" : recount.wrong();
  }
  AccessorState& state() { return HandleAccess::state(*accessor); }
  static Translation& of_page(AccessorHit::Translations& all) {
    return all[raw(kPage) % AccessorHit::kTranslations];
  }

  std::optional<Space> made;
  Space& space = *made;
  std::optional<Accessor> accessor;
};

TEST_F(ValidatedSpace, HasNothingWrong) {
  ASSERT_NE(of_page(state().reads).base, nullptr) << "or the test looks at nothing";
  ASSERT_NE(of_page(state().writes).base, nullptr) << "or the test looks at nothing";
  EXPECT_EQ(wrong(), "");
}

TEST_F(ValidatedSpace, HasAReadThatLeadsElsewhere) {
  std::byte*& base = of_page(state().reads).base;
  base += kPageSize;
  EXPECT_THAT(wrong(), HasSubstr("a remembered read leads to another frame"));
  base -= kPageSize;
}

TEST_F(ValidatedSpace, HasAWriteThatAForkShouldHaveRevoked) {
  {
    const Space child = must(space.fork());
    Recount recount(HandleAccess::state(pool));
    validate(state(), recount);
    EXPECT_EQ(recount.wrong(), nullptr) << "it was revoked";
    of_page(state().writes).stamp = state().stamps.write.load(sync::acquire);
    validate(state(), recount);
    ASSERT_NE(recount.wrong(), nullptr);
    EXPECT_THAT(recount.wrong(), HasSubstr("does not own"));
  }
  EXPECT_EQ(wrong(), "") << "the page is the space's own again";
}

TEST_F(ValidatedSpace, HasAWriteThatItsRegionForbids) {
  must(space.protect(kAt, kPageSize, Protection::read));
  EXPECT_EQ(wrong(), "");
  of_page(state().writes).stamp = state().stamps.write.load(sync::acquire);
  EXPECT_THAT(wrong(), HasSubstr("a remembered write is not allowed"));
}

TEST_F(ValidatedSpace, HasARevocationThatNeverEnds) {
  state().stamps.write.add(1, sync::relaxed);
  EXPECT_THAT(wrong(), HasSubstr("still revoked"));
  state().stamps.write.add(1, sync::relaxed);
}

}  // namespace
}  // namespace cleave::detail
