// Commits that a stranger made: what they say of themselves is not believed.
#include <sys/resource.h>

#include "base/fail.h"
#include "image/format/commit.h"
#include "image/format/node.h"
#include "image/objects/packer.h"
#include "image/state.h"
#include "tests/image/lazy_contents.h"
#include "tests/support/child.h"
#include "tests/support/failure.h"
#include "tests/support/sanitized.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

class HostileImage : public testing::Test {
 protected:
  ImageId add(View object) {
    const ImageId id = hash(object);
    if (!packer_.has(id)) must(packer_.add(id, object));
    return id;
  }
  ImageId page(std::uint64_t number) { return add(page_of_number(number)); }
  /// A node with the same entry 64 times, or once.
  ImageId node(unsigned level, const ImageId& entry, unsigned times = kEntries) {
    NodeRecord made{.level = level, .entries = {}};
    for (unsigned i = 0; i < times; ++i) made.entries[i] = entry;
    return add(encode(made));
  }
  ImageId commit(const ImageId& root, unsigned height, std::uint64_t pages,
                 PageNo end = kPageLimit) {
    ImageRecord record;
    record.root = root;
    record.height = height;
    record.pages = pages;
    record.regions = {{{PageNo{0}, end}, Protection::read_write}};
    const ImageId id = add(encode(record));
    must(packer_.flush());
    must(store_->list("packs"));  // others see them then
    return id;
  }
  /// Of six nodes and a page: 64 pages to the power of `height`.
  ImageId bomb(unsigned height, std::uint64_t pages) {
    ImageId root = page(7);
    for (unsigned level = 0; level < height; ++level) root = node(level, root);
    return commit(root, height, pages);
  }
  void expect_refused(const ImageId& id, Errc eager, Errc lazy) {
    Repository repository = at_.open();
    must(repository.resolve(id.hex()));
    const Pool pool = must(Pool::create(16_MiB));
    EXPECT_TRUE(fails_with(repository.checkout(pool, id), eager));
    LazyImages images = must(LazyImages::open(at_.store(), {.memory = 16_MiB, .lease = false}));
    must(images.resolve(id.hex()));
    EXPECT_TRUE(fails_with(images.checkout(id), lazy));
  }
  void expect_refused(const ImageId& id, Errc code) { expect_refused(id, code, code); }

  InFolder at_;
  std::unique_ptr<ImageStore> store_ = at_.store();
  Catalog catalog_;
  Packer packer_{*store_, catalog_};
};

TEST_F(HostileImage, OfAFewNodesTakesNoMoreMemoryThanItMay) {
  const std::uint64_t all = std::uint64_t{1} << 36;
  expect_refused(bomb(6, all), Errc::no_memory);
  expect_refused(bomb(6, 1), Errc::bad_argument);
  expect_refused(bomb(6, 100), Errc::bad_argument);
}

// As are the words of an arena: pointers, and numbers in an order of bytes.
TEST_F(HostileImage, OfAnotherArchitectureIsNoArenaHere) {
  ImageRecord record;
  record.kind = ImageRecord::Kind::arena;
  record.architecture = "another";
  record.root = node(0, page(7));
  record.height = 1;
  record.pages = kEntries;
  record.regions = {{{PageNo{0}, PageNo{kEntries}}, Protection::read_write}};
  const ImageId id = add(encode(record));
  must(packer_.flush());
  must(store_->list("packs"));
  Repository repository = at_.open();
  const Pool pool = must(Pool::create(16_MiB));
  EXPECT_TRUE(fails_with(repository.checkout_arena(pool, must(repository.resolve(id.hex()))),
                         Errc::unsupported));
}

// Read without a pool, its pages come one by one, and no list of them is made.
TEST_F(HostileImage, IsReadWithoutAListOfItsPages) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer takes more address space than that";
  const ImageId id = bomb(5, std::uint64_t{1} << 30);
  EXPECT_TRUE(is_well(child([&] {
    Repository repository = at_.open();
    must(repository.resolve(id.hex()));
    constexpr rlim_t kLittle = rlim_t{2} << 30;
    const rlimit little{kLittle, kLittle};
    if (setrlimit(RLIMIT_AS, &little) != 0) return;
    std::uint64_t seen = 0;
    const auto read = repository.read(id, [&](PageNo, View) -> Result<void> {
      if (++seen < 1000) return {};
      return fail(Errc::cancelled, "enough");
    });
    if (read || read.error().code != Errc::cancelled) say("%s", read.error().what);
  })));
}

TEST_F(HostileImage, SaysOfItsPagesWhatIsSo) {
  const ImageId two = node(0, page(7), 2);
  expect_refused(commit(two, 1, 1), Errc::bad_argument);
  expect_refused(commit(two, 1, 3), Errc::bad_argument);
  expect_refused(commit(two, 1, 2, PageNo{1}), Errc::bad_argument);
}

TEST_F(HostileImage, HasNodesAndPagesWhereTheyBelong) {
  const ImageId leaf = node(0, page(7), 1);
  expect_refused(commit(page(7), 1, 1), Errc::bad_argument);
  expect_refused(commit(leaf, 2, 1), Errc::bad_argument);
  expect_refused(commit(node(1, leaf), 1, 64), Errc::bad_argument);
  const ImageId no_page = add(encode(NodeRecord{.level = 0, .entries = {page(9)}}));
  const ImageId below = commit(node(0, no_page, 1), 1, 1);
  Repository repository = at_.open();
  must(repository.resolve(below.hex()));
  const Pool pool = must(Pool::create(16_MiB));
  EXPECT_TRUE(fails_with(repository.checkout(pool, below), Errc::bad_argument));
}

TEST_F(HostileImage, LacksNothing) {
  const ImageId nowhere = hash(page_of_number(1234));
  expect_refused(commit(node(0, nowhere, 1), 1, 1), Errc::io);
  expect_refused(commit(nowhere, 1, 1), Errc::io);
}

}  // namespace
}  // namespace cleave::detail::image
