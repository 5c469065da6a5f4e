// What was touched is recorded, and fetched at once the next time; the rest beside the program.
#include <algorithm>
#include <thread>

#include "image/leases.h"
#include "image/listing.h"
#include "image/state.h"
#include "tests/image/lazy_contents.h"

namespace cleave::detail::image {
namespace {

class TouchedPages : public LazyImageTest {
 protected:
  // Pages 5, 6, 90 and 300, of which nothing was recorded before.
  void record() {
    LazyImages images = open();
    LazyCheckout lazy = must(images.checkout(id_));
    EXPECT_EQ(must(lazy.recall()), 0u);
    for (const std::uint64_t page : touched_) must(page_of(lazy.space(), page));
    must(page_of(lazy.space(), 250));  // which is zero
    EXPECT_EQ(must(lazy.remember()), touched_.size());
  }

  const std::vector<std::uint64_t> touched_{5, 6, 90, 300};
};

TEST_F(TouchedPages, AreRecalledByTheNextReader) {
  record();
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  EXPECT_EQ(must(lazy.recall()), touched_.size());
  EXPECT_EQ(lazy.progress().had, touched_.size());
  const std::uint64_t before = trouble_.gets;
  for (const std::uint64_t page : touched_) {
    EXPECT_EQ(must(page_of(lazy.space(), page)), page_of_number(contents_[page]));
  }
  EXPECT_EQ(trouble_.gets, before);
  EXPECT_EQ(must(lazy.recall()), 0u) << "they are here";
  expect_contents(lazy.space(), contents_);
}

TEST_F(TouchedPages, AreAnnouncedToTheStoreBeforeTheyAreRead) {
  record();
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  trouble_.announced = 0;
  must(lazy.recall());
  EXPECT_GT(trouble_.announced, touched_.size()) << "bytes of packs";
  const std::uint64_t before = trouble_.announced;
  EXPECT_EQ(must(lazy.complete()), contents_.size() - touched_.size());
  EXPECT_GT(trouble_.announced, before);
}

TEST_F(TouchedPages, AreAnnouncedInWhateverOrderTheyAreNamed) {
  RepositoryState state(store());
  must(state.look_at_all());
  std::vector<PageAt> all;
  must(for_each_listing(state.objects, must(state.objects.commit(id_)),
                        [&](const std::vector<PageAt>& part) -> Result<void> {
                          all.insert(all.end(), part.begin(), part.end());
                          return {};
                        }));
  std::vector<ImageId> ids;
  for (const std::uint32_t n : in_order_of_packs(all, state.catalog)) ids.push_back(all[n].id);
  const auto announced = [&] {
    trouble_.announced = 0;
    state.objects.announce(ids);
    return trouble_.announced.load();
  };
  const std::uint64_t bytes = announced();
  EXPECT_GT(bytes, 0u);
  std::ranges::reverse(ids);
  EXPECT_EQ(announced(), bytes);
}

TEST_F(TouchedPages, AreThoseOfAllReadersThatRecall) {
  record();
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  must(lazy.recall());
  must(page_of(lazy.space(), 7));
  EXPECT_EQ(must(lazy.remember()), touched_.size() + 1);
  LazyImages others = open();
  LazyCheckout next = must(others.checkout(id_));
  EXPECT_EQ(must(next.recall()), touched_.size() + 1);
}

TEST_F(TouchedPages, AreNotWrittenAgainWhereNothingIsNew) {
  record();
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  must(lazy.recall());
  const auto generation = [&] {
    for (const ImageRef& ref : must(at_.repository.refs())) {
      if (ref.name == name_of_touched(id_)) return ref.generation;
    }
    return std::uint64_t{0};
  };
  EXPECT_EQ(generation(), 1u);
  EXPECT_EQ(must(lazy.remember()), touched_.size());
  EXPECT_EQ(generation(), 1u);
}

TEST_F(TouchedPages, AreReadTogether) {
  Contents many = pages(0, 1000, 9000);
  push("many", many);
  {
    LazyImages images = open();
    LazyCheckout lazy = must(images.checkout(id_));
    for (std::uint64_t page = 0; page < 1000; page += 3) must(page_of(lazy.space(), page));
    must(lazy.remember());
  }
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  const std::uint64_t before = trouble_.gets;
  EXPECT_EQ(must(lazy.recall()), 334u);
  EXPECT_LE(trouble_.gets - before, 20u) << "63 frames";
}

TEST_F(TouchedPages, TravelAndAreCollectedWithTheirCommit) {
  record();
  InFolder there;
  must(there.repository.fetch(at_.repository, "main"));
  must(there.repository.fetch(at_.repository, name_of_touched(id_)));
  {
    LazyImages images = must(LazyImages::open(there.store(), {.memory = ByteCount{1 << 20}}));
    LazyCheckout lazy = must(images.checkout(id_));
    EXPECT_EQ(must(lazy.recall()), touched_.size());
  }
  must(at_.repository.collect());
  EXPECT_EQ(refs().size(), 2u);
  must(at_.repository.forget("main"));
  must(at_.repository.collect());
  EXPECT_EQ(refs().size(), 0u);
}

// Whoever pushed it meant something else by it.
TEST_F(TouchedPages, ThatTheCommitHasNotCountForNothing) {
  Pool pool = must(Pool::create(ByteCount{1 << 20}));
  Space lies = must(Space::create(pool));
  must(lies.map_at(Address{0}, ByteCount{kPageSize}));
  std::vector<std::byte> all(kPageSize, std::byte{255});
  must(lies.write(Address{0}, all));
  RepositoryState state(at_.store());
  must(state.push(must(lies.snapshot()), name_of_touched(id_), {}));
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  EXPECT_EQ(must(lazy.recall()), contents_.size());
}

TEST_F(TouchedPages, AreNotThoseThatCameBesideTheProgram) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  must(page_of(lazy.space(), 5));
  EXPECT_EQ(must(lazy.complete()), contents_.size() - 1);
  EXPECT_EQ(lazy.progress().had, contents_.size());
  must(page_of(lazy.space(), 90));
  EXPECT_EQ(must(lazy.remember()), 1u);
  EXPECT_EQ(must(lazy.complete()), 0u);
}

TEST_F(TouchedPages, ComeForAllCheckoutsThoughOneHasWrittenThem) {
  record();
  LazyImages images = open();
  LazyCheckout reads = must(images.checkout(id_));
  LazyCheckout writes = must(images.checkout(id_));
  for (const std::uint64_t page : {5, 7}) {
    must(writes.space().write(address_of(PageNo{page}), page_of_number(999)));
  }
  EXPECT_EQ(must(writes.recall()), touched_.size());
  must(writes.complete());
  must(reads.complete());
  EXPECT_EQ(reads.progress().had, contents_.size());
  const std::uint64_t before = images.pool().statistics().came;
  expect_contents(reads.space(), contents_);
  EXPECT_EQ(images.pool().statistics().came, before) << "all that it needs is here";
  contents_[5] = contents_[7] = 999;
  expect_contents(writes.space(), contents_);
}

TEST_F(TouchedPages, ComeWhileTheRestIsFetched) {
  LazyImages images = open();
  LazyCheckout lazy = must(images.checkout(id_));
  std::uint64_t told = 0;
  std::thread beside([&] {
    must(lazy.complete({}, [&](const LazyProgress& progress) { told = progress.pages; }));
  });
  expect_contents(lazy.space(), contents_);
  beside.join();
  EXPECT_EQ(told, contents_.size());
  EXPECT_EQ(lazy.progress().had, contents_.size());
}

TEST_F(TouchedPages, AreAllThereIsMemoryFor) {
  LazyImages images = open({.memory = ByteCount{40 * kPageSize}});
  LazyCheckout lazy = must(images.checkout(id_));
  const std::uint64_t brought = must(lazy.complete());
  EXPECT_EQ(brought, 40u);
  EXPECT_EQ(images.pool().statistics().went, 0u);
  std::stop_source stopped;
  stopped.request_stop();
  LazyImages roomy = open();
  LazyCheckout other = must(roomy.checkout(id_));
  EXPECT_EQ(must(other.complete(stopped.get_token())), 0u);
}

}  // namespace
}  // namespace cleave::detail::image
