// Writers that are killed at any moment, beside a collector: what they were told is there.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/image/contents.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

// Pushes for ever, and writes the id of each commit that was acknowledged to `to`.
[[noreturn]] void push_for_ever(const std::string& path, std::uint64_t seed, int to) {
  Pool pool = must(Pool::create(16_MiB));
  Repository repository = must(Repository::open(must(directory_store(path))));
  Space space = space_with(pool, pages(0, 20, seed));
  for (std::uint64_t i = 0;; ++i) {
    write(space, {{i % 20, seed + 100 + i}});
    // Refused where others came first more often than it tries: then once more.
    const auto pushed = repository.push(must(space.snapshot()), "main");
    if (pushed && ::write(to, &pushed->id(), sizeof(ImageId)) != sizeof(ImageId)) _exit(1);
  }
}

TEST(ImageWriters, ThatAreKilledLoseNothingThatWasAcknowledged) {
  const char* const every = std::getenv("CLEAVE_EVERY_CALL");  // make soak
  const unsigned rounds = every == nullptr ? 6 : 60;
  InFolder at;
  std::vector<ImageId> acknowledged;
  for (unsigned round = 0; round < rounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    pid_t writers[2];
    for (unsigned i = 0; i < 2; ++i) {
      writers[i] = fork();
      ASSERT_GE(writers[i], 0);
      if (writers[i] == 0) push_for_ever(at.path(), 1000 * (2 * round + i + 1), ends[1]);
    }
    ASSERT_EQ(close(ends[1]), 0);
    ImageId id;
    for (unsigned i = 0; i < 3 + round && read(ends[0], &id, sizeof id) == sizeof id; ++i) {
      acknowledged.push_back(id);
    }
    (void)at.repository.collect(true);
    for (const pid_t writer : writers) ASSERT_EQ(kill(writer, SIGKILL), 0);
    for (const pid_t writer : writers) ASSERT_EQ(waitpid(writer, nullptr, 0), writer);
    while (read(ends[0], &id, sizeof id) == sizeof id) acknowledged.push_back(id);
    ASSERT_EQ(close(ends[0]), 0);
  }
  Repository repository = at.open();
  expect_verifies(repository);
  const auto line = must(repository.history(must(repository.resolve("main")), 1'000'000));
  for (const ImageId& id : acknowledged) {
    EXPECT_NE(std::ranges::find(line, id), line.end()) << id.hex();
  }
  EXPECT_GE(acknowledged.size(), 3 * rounds);
}

}  // namespace
}  // namespace cleave::detail::image
