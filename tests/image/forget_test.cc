// A ref that is taken out, while answers are lost.
#include <gtest/gtest.h>

#include "tests/image/contents.h"
#include "tests/image/troubled_store.h"

namespace cleave::detail::image {
namespace {

class ForgottenRef : public testing::Test {
 protected:
  ForgottenRef() { id_ = push(1); }
  ImageId push(std::uint64_t number) {
    Space space = space_with(pool_, {{0, number}});
    return must(at_.repository.push(must(space.snapshot()), "main")).id();
  }

  Pool pool_ = must(Pool::create(ByteCount{16 << 20}));
  InFolder at_;
  Trouble trouble_;
  Repository repository_ =
      must(Repository::open(std::make_unique<TroubledStore>(at_.store(), trouble_)));
  ImageId id_;
};

TEST_F(ForgottenRef, IsGoneWhereTheAnswerIsLost) {
  trouble_.meanwhile = [] {};
  EXPECT_TRUE(repository_.forget("main"));
  EXPECT_EQ(at_.repository.resolve("main").error().code, Errc::not_mapped);
}

// Somebody who saw that it was gone has pushed it anew: that is not what was to be forgotten.
TEST_F(ForgottenRef, StaysWhereItWasPushedAfterAnAnswerThatWasLost) {
  ImageId pushed;
  trouble_.meanwhile = [&] { pushed = push(2); };
  EXPECT_EQ(repository_.forget("main").error().code, Errc::io);
  EXPECT_EQ(must(at_.repository.resolve("main")), pushed);
}

}  // namespace
}  // namespace cleave::detail::image
