// Parts of a hunt, made apart and joined.
#include "lab/hunt/journal.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/hunt/hunted.h"

namespace lab::hunt {
namespace {

using testing::HasSubstr;

class Journals : public testing::Test {
 protected:
  Journals() {
    std::string name = (std::filesystem::temp_directory_path() / "huntXXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~Journals() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }
  void write(const char* name, const std::string& text) const { std::ofstream(path(name)) << text; }

  Journal made(const Effort& effort, Answers answers = {}) const {
    hunt(parts_of(options_), effort, answers);
    return {identity_of(options_, answers.size()), std::move(answers)};
  }
  static Effort shard(std::size_t index, std::size_t count) {
    Effort effort;
    effort.shard = {index, count};
    effort.jobs = 2;
    return effort;
  }

  const Options options_ = options_of({.words = "write,fork,get,pin,unmap", .depth = 3});
  std::filesystem::path folder_;
};

TEST_F(Journals, OfShardsJoinToThatOfOneHunt) {
  write("1", text(made(shard(1, 3))));
  write("2", text(made(shard(2, 3))));
  write("3", text(made(shard(3, 3))));
  const auto joined = merge({path("3"), path("1"), path("2")});
  ASSERT_TRUE(joined.has_value()) << joined.error();
  EXPECT_EQ(text(*joined), text(made(shard(1, 1))));
}

TEST_F(Journals, DoNotDependOnTheOrderInWhichUnitsAreMade) {
  Effort drawn = shard(1, 1);
  drawn.seed = 7;
  EXPECT_EQ(text(made(drawn)), text(made(shard(1, 1))));
}

TEST_F(Journals, AreGoneOnWithAlsoAfterALineWasCutOff) {
  const Journal whole = made(shard(1, 1));
  std::string cut = text(whole);
  cut.resize(cut.size() / 2);
  write("cut", cut);
  Answers answers;
  auto file = JournalFile::open(path("cut"), whole.identity, answers);
  ASSERT_TRUE(file.has_value()) << file.error();
  Effort rest = shard(1, 1);
  rest.made = [&](std::size_t part, const Answer& answer) { EXPECT_TRUE(file->add(part, answer)); };
  hunt(parts_of(options_), rest, answers);
  const auto read = merge({path("cut")});
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(text(*read), text(whole));
}

TEST_F(Journals, OfAnotherBuildOrHuntAreNotJoined) {
  Journal journal = made(shard(1, 2));
  write("ours", text(journal));
  journal.identity.build = "0";
  write("theirs", text(journal));
  EXPECT_THAT(merge({path("ours"), path("theirs")}).error(), HasSubstr("another build"));
  const Options others = options_of({.words = "write,fork", .depth = 3});
  journal.identity = identity_of(others, parts_of(others).names.size());
  journal.answers.resize(journal.identity.units);
  write("other", text(journal));
  EXPECT_THAT(merge({path("ours"), path("other")}).error(), HasSubstr("another hunt"));
}

TEST_F(Journals, WithTwoAnswersForOneUnitAreNotJoined) {
  Journal journal = made(shard(1, 1));
  write("ours", text(journal));
  ++journal.answers.front()->programs;
  write("theirs", text(journal));
  EXPECT_THAT(merge({path("ours"), path("theirs")}).error(), HasSubstr("two answers"));
}

TEST_F(Journals, ThatAreNoneAreNamed) {
  write("empty", "");
  write("other", "what\n");
  EXPECT_THAT(merge({path("empty")}).error(), HasSubstr("empty is no hunt's journal"));
  EXPECT_THAT(merge({path("other")}).error(), HasSubstr("other:1: "));
  EXPECT_THAT(merge({path("missing")}).error(), HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace lab::hunt
