// Each allocation fails once. Then nothing has started, or the completion says where it stopped;
// asked for again, it succeeds; nothing has leaked.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "sync/memory.h"
#include "tests/io/on_a_ring.h"

namespace cleave::detail {
namespace {

class KthAllocationOfIo : public OnARing {
 protected:
  // Prepares, and attempts with the k-th allocation failing, until none fails. Returns how many
  // did.
  template <class Prepare, class Attempt>
  std::uint64_t fail_each(Prepare prepare, Attempt attempt) {
    for (std::uint64_t k = 1;; ++k) {
      auto scene = prepare();
      sync::fail_allocation(k);
      const auto result = attempt(scene);
      const bool struck = sync::allocation_failed();
      sync::fail_allocation(0);
      if (!struck) {
        EXPECT_TRUE(holds(result));
        return k - 1;
      }
      if (result) continue;  // it had something to fall back on
      EXPECT_TRUE(result.error().code == Errc::no_memory || result.error().system == EMFILE)
          << result.error().message();
      EXPECT_TRUE(holds(attempt(scene)));
    }
  }
  Bytes contents = patterned(40 * kPageSize + 100, 1);
  ScratchFile file{contents};
};

TEST_F(KthAllocationOfIo, OfARing) {
  EXPECT_GE(fail_each([] { return 0; }, [&](int) { return Ring::create(pool); }), 2u);
}

TEST_F(KthAllocationOfIo, OfARead) {
  RingOptions options;
  options.block = 8 * kPageSize;
  with(options);
  struct Scene {
    Space space;
    Space sibling;
  };
  const auto prepare = [&] {
    Space space = new_space(64);
    must(space.write(at_page(16), filled(contents.size(), 0xcc)));
    Space sibling = must(space.fork());
    return Scene{std::move(space), std::move(sibling)};
  };
  for (const PageCache cache : {PageCache::use, PageCache::bypass}) {
    const File open = file.open(OpenMode::read, cache);
    const auto attempt = [&](Scene& scene) {
      auto read = read_file(*ring, scene.space, at_page(16), open.descriptor(), 0, contents.size());
      std::uint64_t done = 0;
      if (read) {
        done = read->value;
      } else if (raw(read.error().where) != 0) {
        done = (read.error().where - at_page(16)).value;
      }
      std::vector<std::byte> there(done);
      EXPECT_TRUE(holds(scene.space.read(at_page(16), there)));
      EXPECT_EQ(there, part(contents, 0, done));
      return read;
    };
    EXPECT_GE(fail_each(prepare, attempt), 40u);
  }
}

TEST_F(KthAllocationOfIo, OfAWrite) {
  RingOptions options;
  options.block = 8 * kPageSize;
  with(options);
  Space original = new_space(64);
  must(original.write(at_page(16), contents));
  for (const Consistency view : {Consistency::stable, Consistency::coherent}) {
    const ScratchFile copy;
    const File open = copy.open(OpenMode::write, PageCache::bypass);
    const auto prepare = [&] { return must(original.fork()); };
    const auto attempt = [&](Space& space) {
      auto written =
          write_file(*ring, space, at_page(16), open.descriptor(), 0, contents.size(), view);
      if (written) {
        EXPECT_EQ(copy.contents(), contents);
      }
      return written;
    };
    EXPECT_GE(fail_each(prepare, attempt), 4u);
  }
}

}  // namespace
}  // namespace cleave::detail
