// Whose bytes they are, while others write, fork, unmap and go.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/io/on_a_ring.h"
#include "tests/support/sanitized.h"
#include "tests/support/together.h"

namespace cleave::detail {
namespace {

using Moment = OnARing;

// A pipe takes 64 KiB and then waits for its reader, so a larger write is in flight for as long as
// we like.
constexpr std::uint64_t kMore = 256;  // pages

/// Goes on until the space holds `expected` at `at`.
void wait_for_bytes(Ring& ring, const Space& space, Address at, const Bytes& expected) {
  for (int i = 0; i < 10'000 && bytes_in(space, at, expected.size()) != expected; ++i) {
    ASSERT_FALSE(ring.poll());
    usleep(1000);
  }
  ASSERT_EQ(bytes_in(space, at, expected.size()), expected);
}

TEST_F(Moment, AStableWriteShowsTheMomentItWasAskedForWhileOthersWriteOn) {
  Space space = new_space(kMore);
  const Bytes before = patterned(kMore * kPageSize, 1);
  must(space.write(at_page(16), before));
  const PipeEnds pipe;
  const TransferId token =
      must(ring->start_write(space, at_page(16), pipe.in.descriptor(), 0, before.size()));
  const Bytes after = patterned(before.size(), 2);
  must(space.write(at_page(16), after));
  Bytes got;
  {
    const Meanwhile reader([&, taken = false]() mutable {
      if (!std::exchange(taken, true)) got = pipe.take(before.size());
    });
    EXPECT_EQ(must(ring->wait_for(token)).value, before.size());
  }
  EXPECT_TRUE(got == before);
  EXPECT_TRUE(bytes_in(space, at_page(16), after.size()) == after);
}

TEST_F(Moment, ACoherentWriteShowsWhatTheDeviceFinds) {
  Space space = new_space(kMore);
  must(space.write(at_page(16), filled(kMore * kPageSize, 1)));
  const PipeEnds pipe;
  const TransferId token = must(ring->start_write(space, at_page(16), pipe.in.descriptor(), 0,
                                                  pages_of(kMore), Consistency::coherent));
  (void)ring->poll();
  const std::uint64_t copied = copies();
  must(space.write(at_page(16), filled(kMore * kPageSize, 2)));
  EXPECT_EQ(copies(), copied) << "a pinned page was copied away from the device";
  Bytes got;
  {
    const Meanwhile reader([&, taken = false]() mutable {
      if (!std::exchange(taken, true)) got = pipe.take(kMore * kPageSize);
    });
    EXPECT_EQ(must(ring->wait_for(token)).value, pages_of(kMore).value);
  }
  ASSERT_EQ(got.size(), kMore * kPageSize);
  EXPECT_EQ(got.back(), std::byte{2});
}

TEST_F(Moment, AForkDuringAReadKeepsWhatHadArrivedAndTheOwnerGetsTheRest) {
  Space space = new_space(8);
  const PipeEnds pipe;
  const TransferId token =
      must(ring->start_read(space, at_page(16, 100), pipe.out.descriptor(), 0, pages_of(3)));
  const Bytes first = patterned(5000, 1);
  const Bytes rest = patterned(3 * kPageSize - 5000, 2);
  pipe.put(first);
  wait_for_bytes(*ring, space, at_page(16, 100), first);
  const Space child = must(space.fork());
  const Snapshot then = must(space.snapshot());
  pipe.put(rest);
  EXPECT_EQ(must(ring->wait_for(token)).value, 3 * kPageSize);
  EXPECT_EQ(bytes_in(space, at_page(16, 100), first.size()), first);
  EXPECT_EQ(bytes_in(space, at_page(16, 5100), rest.size()), rest);
  EXPECT_EQ(bytes_in(child, at_page(16, 100), first.size()), first);
  EXPECT_EQ(bytes_in(child, at_page(16, 5100), rest.size()), filled(rest.size(), 0));
  EXPECT_EQ(bytes_in(then, at_page(16, 5100), rest.size()), filled(rest.size(), 0));
}

TEST_F(Moment, ForksByOtherThreadsNeitherLoseNorChangeBytes) {
  const Bytes contents = patterned(4 * kMiB, 3);
  const ScratchFile file(contents);
  Space space = new_space(1024);
  struct Branch {
    Space space;
    Bytes then;
  };
  for (const PageCache cache : {PageCache::use, PageCache::bypass}) {
    const File open = file.open(OpenMode::read, cache);
    must(space.discard(at_page(16), pages_of(1024)));
    std::vector<Branch> branches;
    {
      const Meanwhile forker([&] {
        if (branches.size() > 5) return;
        Space child = must(space.fork());
        Bytes then = bytes_in(child, at_page(16), contents.size());
        branches.push_back({std::move(child), std::move(then)});
      });
      RingOptions options;
      options.block = 16 * kPageSize;
      with(options);
      for (int i = 0; i < rounds(20); ++i) {
        ASSERT_TRUE(
            holds(read_file(*ring, space, at_page(16), open.descriptor(), 0, contents.size())));
      }
    }
    EXPECT_TRUE(bytes_in(space, at_page(16), contents.size()) == contents);
    for (const Branch& b : branches) {
      EXPECT_TRUE(bytes_in(b.space, at_page(16), contents.size()) == b.then);
    }
  }
}

TEST_F(Moment, WhatIsUnmappedDuringAReadDoesNoHarm) {
  Space space = new_space(8);
  const PipeEnds pipe;
  const TransferId token =
      must(ring->start_read(space, at_page(16), pipe.out.descriptor(), 0, pages_of(2)));
  must(space.unmap(at_page(16), pages_of(8)));
  must(space.map_at(at_page(16), pages_of(8)));
  must(space.write(at_page(16), filled(8 * kPageSize, 9)));
  pipe.put(patterned(2 * kPageSize, 1));
  EXPECT_EQ(must(ring->wait_for(token)).value, 2 * kPageSize);
  EXPECT_EQ(bytes_in(space, at_page(16), 8 * kPageSize), filled(8 * kPageSize, 9));
}

TEST_F(Moment, TransfersOutliveTheirSpace) {
  const PipeEnds in;
  const PipeEnds out;
  const Bytes contents = patterned(kMore * kPageSize, 4);
  std::optional<Space> space{new_space(2 * kMore)};
  must(space->write(at_page(16), contents));
  const TransferId write =
      must(ring->start_write(*space, at_page(16), out.in.descriptor(), 0, contents.size()));
  const TransferId coherent = must(ring->start_write(*space, at_page(16), out.in.descriptor(), 0,
                                                     kPageSize, Consistency::coherent));
  const TransferId read =
      must(ring->start_read(*space, at_page(16 + kMore), in.out.descriptor(), 0, pages_of(2)));
  space.reset();
  in.put(filled(2 * kPageSize, 1));
  Bytes got;
  {
    const Meanwhile reader([&, taken = false]() mutable {
      if (!std::exchange(taken, true)) got = out.take(contents.size() + kPageSize);
    });
    EXPECT_TRUE(holds(ring->wait_for(write)));
    EXPECT_TRUE(holds(ring->wait_for(coherent)));
    EXPECT_TRUE(holds(ring->wait_for(read)));
  }
  EXPECT_EQ(got.size(), contents.size() + kPageSize);
}

TEST_F(Moment, TransfersOutliveTheDescriptor) {
  const ScratchFile file(patterned(2 * kPageSize, 5));
  Space space = new_space(8);
  std::optional<File> open{file.open(OpenMode::read)};
  const TransferId token =
      must(ring->start_read(space, at_page(16), open->descriptor(), 0, pages_of(2)));
  open.reset();
  EXPECT_TRUE(holds(ring->wait_for(token)));
  EXPECT_EQ(bytes_in(space, at_page(16), 2 * kPageSize), patterned(2 * kPageSize, 5));
}

}  // namespace
}  // namespace cleave::detail
