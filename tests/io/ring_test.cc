#include <sys/wait.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>
#include <cleave/ring.h>

#include "tests/io/on_a_ring.h"

namespace cleave::detail {
namespace {

class RingTest : public OnARing {
 protected:
  [[nodiscard]] std::uint64_t pins() const { return pool.statistics().short_pins; }
};

TEST_F(RingTest, GivesEachCompletionOnce) {
  const ScratchFile file(patterned(100 * kPageSize, 1));
  const File open = file.open(OpenMode::read);
  Space space = new_space(100);
  std::set<TransferId> started;
  for (std::uint64_t page = 0; page < 100; ++page) {
    const TransferId token = must(ring->start_read(space, at_page(16 + page), open.descriptor(),
                                                   page * kPageSize, kPageSize));
    EXPECT_TRUE(started.insert(token).second);
  }
  EXPECT_EQ(ring->in_flight(), 100u);
  std::size_t polled = 0;
  while (!started.empty()) {
    const auto done = polled++ % 2 == 0 ? ring->poll() : ring->wait();
    if (!done) continue;
    EXPECT_EQ(must(Result<ByteCount>(done->result)).value, kPageSize);
    EXPECT_EQ(started.erase(done->id), 1u);
  }
  EXPECT_EQ(ring->in_flight(), 0u);
  EXPECT_FALSE(ring->poll());
  EXPECT_FALSE(ring->wait());
  EXPECT_EQ(bytes_in(space, at_page(16), 100 * kPageSize), patterned(100 * kPageSize, 1));
}

TEST_F(RingTest, TransfersNothingWhenAskedForNothing) {
  const ScratchFile file;
  const File open = file.open(OpenMode::update);
  Space space = new_space();
  EXPECT_EQ(must(read_file(*ring, space, at_page(3), open.descriptor(), 5, 0)).value, 0u);
  EXPECT_EQ(must(write_file(*ring, space, at_page(3), open.descriptor(), 5, 0)).value, 0u);
}

TEST_F(RingTest, RefusesOptionsOutOfRange) {
  const auto fails = [&](auto change) {
    RingOptions options;
    change(options);
    EXPECT_TRUE(fails_with(Ring::create(pool, options), Errc::bad_argument));
  };
  fails([](RingOptions& o) { o.block = 4095; });
  fails([](RingOptions& o) { o.block = 6000; });
  fails([](RingOptions& o) { o.block = 2048 * kMiB; });
  fails([](RingOptions& o) { o.depth = 0; });
  fails([](RingOptions& o) { o.depth = 65; });
  fails([](RingOptions& o) { o.requests = 0; });
  fails([](RingOptions& o) { o.requests = 4097; });
  fails([](RingOptions& o) { o.most_bytes_per_request = 0; });
}

TEST_F(RingTest, RefusesWhatNoSpaceAndNoFileCanHold) {
  const ScratchFile file;
  const File open = file.open(OpenMode::update);
  Space space = new_space(1);
  EXPECT_TRUE(
      fails_with(ring->start_read(space, kLastByte, open.descriptor(), 0, 2), Errc::bad_argument));
  EXPECT_TRUE(
      fails_with(ring->start_write(space, kLastByte, open.descriptor(), 0, 2), Errc::bad_argument));
  const auto far = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(fails_with(ring->start_read(space, at_page(16), open.descriptor(), far, 1),
                         Errc::bad_argument));
  EXPECT_TRUE(
      fails_with(ring->start_write(space, at_page(16), open.descriptor(), ~std::uint64_t{0}, 1),
                 Errc::bad_argument));
}

TEST_F(RingTest, RefusesASpaceOfAnotherPool) {
  const ScratchFile file(patterned(kPageSize, 1));
  const File both = file.open(OpenMode::update);
  auto other = must(Pool::create(kMiB));
  auto space = must(Space::create(other));
  const Address at = must(space.map(kPageSize));
  const auto read = ring->start_read(space, at, both.descriptor(), 0, kPageSize);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, Errc::bad_argument);
  EXPECT_EQ(write_file(*ring, space, at, both.descriptor(), 0, kPageSize).error().code,
            Errc::bad_argument);
  EXPECT_EQ(ring->in_flight(), 0u);
}

TEST_F(RingTest, CancelsWhatIsInFlight) {
  Space space = new_space(64);
  const PipeEnds pipe;
  const TransferId token =
      must(ring->start_read(space, at_page(16), pipe.out.descriptor(), 0, pages_of(4)));
  EXPECT_EQ(pins(), 4u);
  EXPECT_TRUE(ring->cancel(token));
  EXPECT_TRUE(fails_at(ring->wait_for(token), Errc::cancelled, at_page(16)));
  EXPECT_EQ(pins(), 0u);
  EXPECT_FALSE(ring->cancel(token));
  pipe.put(filled(100, 1));
  EXPECT_EQ(bytes_in(space, at_page(16), 100), filled(100, 0));
}

TEST_F(RingTest, SaysHowFarACancelledTransferCame) {
  Space space = new_space(64);
  const PipeEnds pipe;
  pipe.put(filled(5000, 1));
  const TransferId token =
      must(ring->start_read(space, at_page(16), pipe.out.descriptor(), 0, pages_of(4)));
  for (int i = 0; i < 10'000 && get<std::uint8_t>(space, at_page(17, 903)) == 0; ++i) {
    EXPECT_FALSE(ring->poll());
    usleep(1000);
  }
  EXPECT_TRUE(ring->cancel(token));
  const auto result = ring->wait_for(token);
  // The kernel may have handed over the bytes, and not yet the word that it did.
  EXPECT_TRUE(fails_with(result, Errc::cancelled));
  EXPECT_EQ(result.error().where, at_page(16, 5000));
}

TEST_F(RingTest, CancelsWhatWaitsForItsTurn) {
  RingOptions options;
  options.requests = 1;
  with(options);
  Space space = new_space(64);
  const PipeEnds pipe;
  const TransferId first =
      must(ring->start_read(space, at_page(16), pipe.out.descriptor(), 0, kPageSize));
  const TransferId second =
      must(ring->start_read(space, at_page(17), pipe.out.descriptor(), 0, kPageSize));
  EXPECT_TRUE(ring->cancel(second));
  pipe.put(filled(kPageSize, 1));
  EXPECT_TRUE(holds(ring->wait_for(first)));
  EXPECT_TRUE(fails_at(ring->wait_for(second), Errc::cancelled, at_page(17)));
}

TEST_F(RingTest, LetsNothingOfTheKernelsOutliveIt) {
  Space space = new_space(64);
  const PipeEnds in;
  const PipeEnds out;
  must(space.write(at_page(20), filled(40 * kPageSize, 1)));
  (void)must(ring->start_read(space, at_page(16), in.out.descriptor(), 0, pages_of(4)));
  (void)must(ring->start_write(space, at_page(20), out.in.descriptor(), 0, pages_of(40)));
  (void)must(ring->start_write(space, at_page(20), out.in.descriptor(), 0, pages_of(40),
                               Consistency::coherent));
  EXPECT_NE(pins(), 0u);
  ring.reset();
  EXPECT_EQ(pins(), 0u);
  in.put(filled(100, 1));
  EXPECT_EQ(bytes_in(space, at_page(16), 100), filled(100, 0));
}

TEST_F(RingTest, PassesBytesFromOneSpaceToAnotherThroughAPipe) {
  const Bytes contents = patterned(300'001, 2);
  Space from = new_space(100);
  Space to = new_space(100);
  must(from.write(at_page(16), contents));
  for (const int flags : {0, O_NONBLOCK}) {
    must(to.discard(at_page(16), pages_of(100)));
    const PipeEnds pipe(flags);
    const TransferId read =
        must(ring->start_read(to, at_page(17, 7), pipe.out.descriptor(), 12345, contents.size()));
    const TransferId write =
        must(ring->start_write(from, at_page(16), pipe.in.descriptor(), 54321, contents.size()));
    EXPECT_EQ(must(ring->wait_for(read)).value, contents.size());
    EXPECT_EQ(must(ring->wait_for(write)).value, contents.size());
    EXPECT_EQ(bytes_in(to, at_page(17, 7), contents.size()), contents);
  }
}

TEST_F(RingTest, ReadsAPipeToItsEnd) {
  Space space = new_space(8);
  PipeEnds pipe;
  pipe.put(patterned(5000, 1));
  pipe.in = File(-1);
  EXPECT_EQ(must(read_file(*ring, space, at_page(16), pipe.out.descriptor(), 0, 8 * 4096)).value,
            5000u);
  EXPECT_EQ(bytes_in(space, at_page(16), 5000), patterned(5000, 1));
}

TEST_F(RingTest, GoesFromThreadToThread) {
  Space space = new_space(8);
  const PipeEnds pipe;
  TransferId token{};
  // What a thread has submitted, the kernel cancels when the thread ends.
  std::thread([&] {
    token = must(ring->start_read(space, at_page(16), pipe.out.descriptor(), 0, pages_of(2)));
  }).join();
  pipe.put(patterned(2 * kPageSize, 1));
  Ring moved = std::move(*ring);
  EXPECT_EQ(must(moved.wait_for(token)).value, 2 * kPageSize);
  EXPECT_EQ(bytes_in(space, at_page(16), 2 * kPageSize), patterned(2 * kPageSize, 1));
}

TEST_F(RingTest, IsNotDisturbedByAChildOfForkThatEndsIt) {
  Space space = new_space(8);
  must(pool.reserve(64 * kMiB));
  const ScratchFile file(patterned(1 * kMiB, 1));
  const PipeEnds pipe;
  const TransferId token =
      must(ring->start_read(space, at_page(16), pipe.out.descriptor(), 0, pages_of(2)));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ring.reset();
    _exit(7);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  pipe.put(patterned(2 * kPageSize, 1));
  EXPECT_TRUE(holds(ring->wait_for(token)));
  EXPECT_EQ(bytes_in(space, at_page(16), 2 * kPageSize), patterned(2 * kPageSize, 1));
}

TEST_F(RingTest, HasSeveralBesideIt) {
  const ScratchFile file(patterned(100'000, 1));
  const File open = file.open(OpenMode::read);
  Space space = new_space(64);
  Ring second = must(Ring::create(pool));
  const TransferId a = must(ring->start_read(space, at_page(16), open.descriptor(), 0, 50'000));
  const TransferId b =
      must(second.start_read(space, at_page(16) + 50'000, open.descriptor(), 50'000, 50'000));
  EXPECT_TRUE(holds(ring->wait_for(a)));
  EXPECT_TRUE(holds(second.wait_for(b)));
  EXPECT_EQ(bytes_in(space, at_page(16), 100'000), patterned(100'000, 1));
}

}  // namespace
}  // namespace cleave::detail
