// Whatever the kernel answers, and in whatever order: bytes are where they belong, errors tell of
// the first byte that is not, and nothing stays pinned.
#include <sys/mman.h>

#include <cstring>
#include <functional>
#include <optional>

#include <gtest/gtest.h>

#include <cleave/file.h>
#include <cleave/must.h>
#include <cleave/ring.h>

#include "tests/ring/kernel.h"
#include "tests/space/on_a_space.h"

namespace cleave::detail {
namespace {

constexpr Address kAt{0x10000};
constexpr std::uint64_t kPages = 3;
// Two blocks and a bit of a third.
constexpr std::uint64_t kBytes = 2 * kPageSize + 10;

const Bytes kInTheSpace = patterned(kPages * kPageSize, 1);
const Bytes kInTheFile = patterned(kPages * kPageSize, 2);

class EveryAnswer : public OnASpace {
 protected:
  EveryAnswer() : OnASpace(ByteCount{std::uint64_t{1} << 20}), file_(memfd_create("ring", 0)) {
    must(space_.map_at(kAt, pages_of(kPages)));
  }

  void TearDown() override {
    in_pool_.reset();
    OnASpace::TearDown();
  }

  // A run for each way through what the kernel may do.
  void in_every_way(unsigned surprises, const std::function<void()>& body) {
    Choices choices;
    std::uint64_t runs = 0;
    do {
      PlayedKernel kernel(choices, surprises);
      kernel_ = &kernel;
      choices_ = &choices;
      must(space_.write(kAt, kInTheSpace));
      ASSERT_TRUE(set_file());
      body();
      EXPECT_FALSE(kernel.closed_too_early()) << "the kernel still had requests";
      EXPECT_EQ(kernel.in_flight(), 0u);
      expect_unpinned();
      ++runs;
      if (HasFailure()) {
        ADD_FAILURE() << "run " << runs << ", after the choices " << choices.text();
        return;
      }
    } while (choices.next());
    RecordProperty("runs", std::to_string(runs));
    EXPECT_GT(runs, 100u);
  }

  Ring ring(unsigned requests = 4, std::uint64_t most = kPageSize) {
    RingOptions options;
    options.registered = false;
    options.block = ByteCount{kPageSize};
    options.depth = 2;
    options.requests = requests;
    options.most_bytes_per_request = ByteCount{most};
    return must(Ring::create(pool, options));
  }
  // So many looks as the run chooses, in each of which the kernel may do something or nothing.
  void look_some_times(Ring& of, std::optional<Completion>& came) {
    for (unsigned looks = choices_->choose(3); looks != 0 && !came; --looks) {
      expect_pinned();
      came = of.poll();
    }
  }
  void expect_pinned() {
    const PoolStatistics s = pool.statistics();
    EXPECT_GE(s.short_pins + s.long_pins, kernel_->pages_read_into())
        << "a device writes to memory that nothing keeps";
  }
  void expect_unpinned() {
    const PoolStatistics s = pool.statistics();
    EXPECT_EQ(s.short_pins + s.long_pins, 0u);
  }

  static std::uint64_t done(const Result<ByteCount>& result) {
    return result ? result->value : (result.error().where - kAt).value;
  }
  // What the kernel said, and what the result must say of it.
  void expect_told(const Result<ByteCount>& result, bool cancelled = false) {
    const PlayedKernel::Said& said = kernel_->said();
    if (!said.error && !said.end && !cancelled) {
      ASSERT_TRUE(result) << result.error().message();
      EXPECT_EQ(result->value, kBytes);
    }
    if (result) return;
    EXPECT_TRUE(result.error().code == Errc::io ||
                (cancelled && result.error().code == Errc::cancelled))
        << result.error().message();
    EXPECT_LT(done(result), kBytes);
  }
  void expect_read(const Result<ByteCount>& result, bool cancelled = false) {
    expect_told(result, cancelled);
    expect_moved(bytes_in(space_, kAt, kPages * kPageSize), kInTheSpace, kInTheFile, done(result));
  }
  void expect_written(const Result<ByteCount>& result) {
    expect_told(result);
    expect_moved(file_contents(), kInTheFile, kInTheSpace, done(result));
  }

  static void expect_moved(const Bytes& seen, const Bytes& old, const Bytes& moved,
                           std::uint64_t bytes) {
    EXPECT_EQ(std::memcmp(seen.data(), moved.data(), bytes), 0);
    EXPECT_EQ(std::memcmp(seen.data() + kBytes, old.data() + kBytes, seen.size() - kBytes), 0)
        << "past the end";
  }
  bool set_file() {
    return pwrite(file_.descriptor(), kInTheFile.data(), kInTheFile.size(), 0) ==
           static_cast<ssize_t>(kInTheFile.size());
  }
  Bytes file_contents() {
    Bytes bytes(kPages * kPageSize);
    EXPECT_EQ(pread(file_.descriptor(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    return bytes;
  }

  std::optional<Space> in_pool_{new_space()};
  Space& space_ = *in_pool_;
  File file_;
  PlayedKernel* kernel_ = nullptr;
  Choices* choices_ = nullptr;
};

TEST_F(EveryAnswer, ReadsWhatTheFileHas) {
  in_every_way(2, [&] {
    Ring one = ring();
    (void)must(one.start_read(space_, kAt, file_.descriptor(), 0, ByteCount{kBytes}));
    expect_pinned();
    expect_read(one.wait()->result);
  });
}

// A block takes two requests.
TEST_F(EveryAnswer, ReadsInSmallRequests) {
  in_every_way(1, [&] {
    Ring one = ring(4, 3000);
    (void)must(one.start_read(space_, kAt, file_.descriptor(), 0, ByteCount{kBytes}));
    expect_read(one.wait()->result);
  });
}

TEST_F(EveryAnswer, WritesWhatTheSpaceHad) {
  for (const Consistency consistency : {Consistency::stable, Consistency::coherent}) {
    in_every_way(2, [&] {
      Ring one = ring();
      (void)must(
          one.start_write(space_, kAt, file_.descriptor(), 0, ByteCount{kBytes}, consistency));
      if (consistency == Consistency::stable) must(space_.write(kAt, filled(kBytes, 3)));
      expect_written(one.wait()->result);
    });
  }
}

TEST_F(EveryAnswer, CancelsWhatIsUnderWay) {
  in_every_way(1, [&] {
    Ring one = ring();
    const TransferId id =
        must(one.start_read(space_, kAt, file_.descriptor(), 0, ByteCount{kBytes}));
    std::optional<Completion> came;
    look_some_times(one, came);
    if (!came) {
      const bool is_under_way = one.cancel(id);
      expect_pinned();
      came = one.wait();
      ASSERT_TRUE(came);
      EXPECT_TRUE(is_under_way) << "its completion has not been taken";
    }
    expect_read(came->result, true);
    EXPECT_EQ(one.in_flight(), 0u);
    EXPECT_FALSE(one.wait());
  });
}

TEST_F(EveryAnswer, LetsGoOfAllMemoryWhenTheRingEnds) {
  in_every_way(1, [&] {
    std::optional<Completion> came;
    {
      Ring one = ring();
      (void)must(one.start_read(space_, kAt, file_.descriptor(), 0, ByteCount{kBytes}));
      (void)must(one.start_write(space_, kAt + 2 * kPageSize, file_.descriptor(), 2 * kPageSize,
                                 ByteCount{100}));
      if (choices_->choose(2) == 1) came = one.poll();
    }
    EXPECT_EQ(kernel_->in_flight(), 0u);
  });
}

TEST_F(EveryAnswer, ServesAllWhereOneRequestIsAllowed) {
  in_every_way(3, [&] {
    Ring one = ring(1);
    const TransferId reading =
        must(one.start_read(space_, kAt, file_.descriptor(), 0, ByteCount{kPageSize + 1}));
    (void)must(one.start_write(space_, kAt + 2 * kPageSize, file_.descriptor(), 2 * kPageSize,
                               ByteCount{100}));
    EXPECT_LE(kernel_->in_flight(), 1u);
    const Result<ByteCount> read = one.wait_for(reading);
    const auto other = one.wait();
    ASSERT_TRUE(other);
    if (!kernel_->said().error && !kernel_->said().end) {
      EXPECT_EQ(read, ByteCount{kPageSize + 1});
      EXPECT_EQ(other->result, ByteCount{100});
    }
  });
}

}  // namespace
}  // namespace cleave::detail
