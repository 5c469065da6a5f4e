// A test with a pool, a ring, and real files.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include <cleave/file.h>
#include <cleave/must.h>
#include <cleave/ring.h>

#include "tests/space/on_a_space.h"

namespace cleave::detail {

/// A new file in the folder that the test runs in, which lies on a disk; gone at the end.
class ScratchFile {
 public:
  explicit ScratchFile(const Bytes& contents = {}) {
    std::string name = "io_test.XXXXXX";
    const int made = mkstemp(name.data());
    EXPECT_GE(made, 0);
    path_ = name;
    (void)close(made);
    fill(contents);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() { (void)unlink(path_.c_str()); }

  [[nodiscard]] const char* path() const { return path_.c_str(); }
  [[nodiscard]] File open(OpenMode mode, PageCache cache = PageCache::use) const {
    return must(open_file(path(), mode, cache));
  }

  void fill(const Bytes& contents) const {
    const File file = open(OpenMode::replace);
    EXPECT_EQ(pwrite(file.descriptor(), contents.data(), contents.size(), 0),
              static_cast<ssize_t>(contents.size()));
  }
  [[nodiscard]] Bytes contents() const {
    const File file = open(OpenMode::read);
    struct stat status {};
    EXPECT_EQ(fstat(file.descriptor(), &status), 0);
    Bytes bytes(static_cast<std::size_t>(status.st_size));
    EXPECT_EQ(pread(file.descriptor(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    return bytes;
  }

 private:
  std::string path_;
};

/// Both ends of a pipe.
struct PipeEnds {
  explicit PipeEnds(int flags = 0) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, flags | O_CLOEXEC), 0);
    out = File(ends[0]);
    in = File(ends[1]);
  }
  void put(const Bytes& bytes) const {
    EXPECT_EQ(::write(in.descriptor(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] Bytes take(std::size_t size) const {
    Bytes bytes(size);
    for (std::size_t done = 0; done < size;) {
      const ssize_t n = ::read(out.descriptor(), bytes.data() + done, size - done);
      if (n <= 0) return {};
      done += static_cast<std::size_t>(n);
    }
    return bytes;
  }
  File in{-1};   // to write to
  File out{-1};  // to read from
};

inline Bytes part(const Bytes& bytes, std::size_t from, std::size_t size) {
  const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(from);
  return {first, first + static_cast<std::ptrdiff_t>(size)};
}

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

class OnARing : public OnASpace {
 protected:
  explicit OnARing(ByteCount budget = 64 * kMiB) : OnASpace(budget) {}

  void SetUp() override {
    auto made = Ring::create(pool);
    if (!made && made.error().code == Errc::unsupported) {
      GTEST_SKIP() << made.error().message();
    }
    ring.emplace(must(std::move(made)));
  }
  void TearDown() override {
    ring.reset();
    const PoolStatistics s = pool.statistics();
    EXPECT_EQ(s.short_pins, 0u) << "pins are left";
    EXPECT_EQ(s.long_pins, 0u) << "pins are left";
    OnASpace::TearDown();
  }
  void with(RingOptions options) {
    ring.reset();
    ring.emplace(must(Ring::create(pool, options)));
  }

  std::optional<Ring> ring;
};

}  // namespace cleave::detail
