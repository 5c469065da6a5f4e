// A store whose disk is full at any write: an error, the ref where it was, and the next push
// succeeds. And many that push to one ref.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <thread>

#include <gtest/gtest.h>

#include "base/fail.h"
#include "image/store/directory.h"
#include "tests/image/contents.h"
#include "tests/image/promises.h"
#include "tests/support/poor_process.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

/// After `left` writes there is none for so many.
struct Room {
  std::uint64_t left = ~std::uint64_t{0};
  std::uint64_t refused = 1;
  bool is_memory = false;  ///< that lacks

  [[nodiscard]] bool is_there() {
    if (left > 0) {
      --left;
      return true;
    }
    if (refused == 0) return true;
    --refused;
    return false;
  }
};

/// A real one, but for that.
class FullDisk final : public Disk {
 public:
  explicit FullDisk(Room& room) : room_(room) {}

  Result<void> make_folder(const std::string& path) override { return disk_->make_folder(path); }
  Result<bool> publish(const std::string& folder, const std::string& name, View bytes) override {
    if (!room_.is_there()) return full();
    return disk_->publish(folder, name, bytes);
  }
  Result<bool> publish_later(const std::string& folder, const std::string& name,
                             View bytes) override {
    if (later_ == kMostLater) {
      if (auto done = publish_rest(); !done) return tl::unexpected(done.error());
    }
    if (!room_.is_there()) return full();
    ++later_;
    return disk_->publish_later(folder, name, bytes);
  }
  // That there is no room may be found out when bytes are synced.
  Result<void> publish_rest() override {
    for (; later_ > 0; --later_) {
      if (room_.is_there()) continue;
      disk_ = real_disk();
      later_ = 0;
      return full();
    }
    return disk_->publish_rest();
  }
  void drop_rest() noexcept override {
    later_ = 0;
    disk_->drop_rest();
  }
  Result<void> sync_named(const std::string& path) override { return disk_->sync_named(path); }
  Result<void> sync_folder(const std::string& path) override { return disk_->sync_folder(path); }
  Result<void> remove(const std::string& path) override { return disk_->remove(path); }
  Result<Bytes> read(const std::string& path, std::uint64_t offset, std::uint64_t size) override {
    return disk_->read(path, offset, size);
  }
  Result<std::vector<ImageStore::Item>> list(const std::string& path) override {
    return disk_->list(path);
  }

 private:
  [[nodiscard]] tl::unexpected<Error> full() const {
    if (room_.is_memory) throw std::bad_alloc();
    return fail(Errc::io, "the disk is full", Address{0}, ENOSPC);
  }

  Room& room_;
  std::uint64_t later_ = 0;
  std::unique_ptr<Disk> disk_ = real_disk();
};

class FullStore : public testing::Test {
 protected:
  FullStore() {
    auto store = std::make_unique<DirectoryStore>(std::make_unique<FullDisk>(room_), at_.path());
    must(store->prepare());
    repository_.emplace(must(Repository::open(std::move(store))));
    before_ = must(push()).id();
  }
  Result<PushedImage> push() { return repository_->push(must(space_.snapshot()), "main"); }

  Pool pool_ = must(Pool::create(16_MiB));
  InFolder at_;
  Room room_;
  Contents contents_ = pages(0, 40, 1);
  Space space_ = space_with(pool_, contents_);
  std::optional<Repository> repository_;
  ImageId before_;
};

// For once, or for as long as somebody makes room.
TEST_F(FullStore, LeavesTheRefWhereItWasAndGoesOn) {
  unsigned failed = 0;
  for (const std::uint64_t refused : {std::uint64_t{1}, ~std::uint64_t{0}}) {
    for (std::uint64_t after = 0;; ++after) {
      contents_[after] = 100 * (refused % 7 + 1) + after;
      write(space_, {{after, contents_[after]}});
      room_ = {after, refused};
      const auto pushed = push();
      room_ = {};
      if (pushed) break;
      ++failed;
      EXPECT_EQ(pushed.error().system, ENOSPC) << pushed.error().message();
      EXPECT_EQ(must(at_.open().resolve("main")), before_) << "after " << after << " writes";
      before_ = must(push()).id();
      expect_contents(must(at_.open().checkout(pool_, before_)), contents_);
    }
    before_ = must(at_.open().resolve("main"));
  }
  EXPECT_GE(failed, 6u) << "the pack, when it is synced, and the root, each time";
  expect_verifies(*repository_);
}

// Whoever was told of it first, and whatever they made of it.
TEST_F(FullStore, SwapsNothingThatMayRelyOnWhatItLost) {
  DirectoryStore store(std::make_unique<FullDisk>(room_), at_.path());
  const std::string key = "packs/" + std::string(64, 'a');
  const std::vector<std::byte> bytes(100);
  const auto root = must(store.cell("root"));
  ASSERT_TRUE(must(store.put(key, bytes)));
  room_ = {0, 1};
  EXPECT_EQ(store.get(key, 0, 1).error().system, ENOSPC);
  EXPECT_EQ(store.get(key, 0, 1).error().code, Errc::not_mapped);
  EXPECT_EQ(store.swap("root", root.generation, root.bytes).error().system, ENOSPC);
  EXPECT_EQ(must(store.cell("root")).generation, root.generation);

  ASSERT_TRUE(must(store.put(key, bytes)));
  EXPECT_TRUE(must(store.swap("root", root.generation, root.bytes)));
  EXPECT_EQ(must(store.get(key, 0, bytes.size())), bytes);
}

TEST_F(FullStore, SwapsNothingThatMayRelyOnWhatItLostWithoutMemory) {
  DirectoryStore store(std::make_unique<FullDisk>(room_), at_.path());
  const std::string key = "packs/" + std::string(64, 'a');
  const auto root = must(store.cell("root"));
  ASSERT_TRUE(must(store.put(key, std::vector<std::byte>(100))));
  room_ = {0, 1, true};
  EXPECT_EQ(store.get(key, 0, 1).error().code, Errc::no_memory);
  EXPECT_EQ(store.get(key, 0, 1).error().code, Errc::not_mapped);
  EXPECT_EQ(store.swap("root", root.generation, root.bytes).error().code, Errc::no_memory);
  EXPECT_TRUE(must(store.swap("root", root.generation, root.bytes)));
}

// As a collector's that makes room: nothing that nobody wants any more is in its way.
TEST_F(FullStore, HasGivenUpWhatWasPutWhenAPutFails) {
  DirectoryStore store(std::make_unique<FullDisk>(room_), at_.path());
  const std::vector<std::byte> bytes(100);
  const std::string first = "packs/" + std::string(64, 'a');
  ASSERT_TRUE(must(store.put(first, bytes)));
  room_ = {0, ~std::uint64_t{0}};
  EXPECT_EQ(store.put("packs/" + std::string(64, 'b'), bytes).error().system, ENOSPC);
  must(store.remove("packs/" + std::string(64, 'c')));
  EXPECT_EQ(store.get(first, 0, 1).error().code, Errc::not_mapped);
  const auto root = must(store.cell("root"));
  EXPECT_EQ(store.swap("root", root.generation, root.bytes).error().system, ENOSPC);
}

std::string numbered_pack(std::uint64_t number) {
  std::string name = std::to_string(number);
  return "packs/" + std::string(64 - name.size(), '0') + name;
}

// One more than get their names together.
TEST_F(FullStore, LosesAllOrNoneOfManyPuts) {
  DirectoryStore store(std::make_unique<FullDisk>(room_), at_.path());
  const std::vector<std::byte> bytes(100);
  const auto root = must(store.cell("root"));
  const auto put_all = [&]() -> Result<bool> {
    for (std::uint64_t i = 0; i <= kMostLater; ++i) {
      const auto put = store.put(numbered_pack(i), bytes);
      if (!put) return put;
    }
    return store.swap("root", root.generation, root.bytes);
  };
  room_ = {kMostLater, ~std::uint64_t{0}};
  EXPECT_EQ(put_all().error().system, ENOSPC);
  room_ = {};
  EXPECT_EQ(store.swap("root", root.generation, root.bytes).error().system, ENOSPC);
  EXPECT_EQ(store.get(numbered_pack(0), 0, 1).error().code, Errc::not_mapped);
  EXPECT_TRUE(must(put_all()));
  for (std::uint64_t i = 0; i <= kMostLater; ++i) {
    EXPECT_EQ(must(store.get(numbered_pack(i), 0, bytes.size())), bytes) << i;
  }
}

TEST(AStoreInAFolder, ShowsSomeOfManyPutsBeforeTheSwap) {
  const InFolder at;
  const auto store = at.store();
  const auto other = at.store();
  const std::vector<std::byte> bytes(100);
  for (std::uint64_t i = 0; i <= kMostLater; ++i) {
    EXPECT_TRUE(must(other->list("packs")).empty()) << i;
    ASSERT_TRUE(must(store->put(numbered_pack(i), bytes)));
  }
  EXPECT_EQ(must(other->list("packs")).size(), kMostLater);
  const auto root = must(store->cell("root"));
  ASSERT_TRUE(must(store->swap("root", root.generation, root.bytes)));
  EXPECT_EQ(must(other->list("packs")).size(), kMostLater + 1);
}

// A program may close all descriptors that it does not know, and open its own.
TEST(AStoreInAFolder, LinksNoFileOfTheProgramsThatTookANumber) {
  const InFolder at;
  EXPECT_TRUE(in_a_child([&]() -> std::string {
    const auto store = at.store();
    const std::vector<std::byte> bytes(100);
    const int next = dup(STDERR_FILENO);  // the number that the store gets
    (void)close(next);
    if (!must(store->put(numbered_pack(0), bytes))) return "it was there";
    if (close(next) != 0) return "the store has another number";
    const int mine = open(at.path().c_str(), O_TMPFILE | O_WRONLY, 0444);
    if (mine != next) return "another number was free";
    const auto root = must(store->cell("root"));
    const auto swapped = store->swap("root", root.generation, root.bytes);
    if (swapped) return "it swapped what relies on a pack that is not there";
    if (swapped.error().system != EBADF) return swapped.error().message();
    if (!must(at.store()->list("packs")).empty()) return "the program's file was linked";
    if (fcntl(mine, F_GETFD) < 0) return "the program's file was closed";
    if (!must(store->put(numbered_pack(0), bytes))) return "it is not put again";
    return must(store->swap("root", root.generation, root.bytes)) ? "" : "it does not swap again";
  }));
}

TEST_F(FullStore, IsCollectedWhenThereIsRoomAgain) {
  must(repository_->forget("main"));
  const ImageId kept = must(repository_->push(must(space_.snapshot()), "kept")).id();
  for (std::uint64_t after = 0; after < 3; ++after) {
    room_ = {after, ~std::uint64_t{0}};
    (void)repository_->collect(true);
    room_ = {};
    must(repository_->collect(true));
    expect_contents(must(at_.open().checkout(pool_, kept)), contents_);
  }
  expect_verifies(*repository_);
}

TEST(ImageOfManyPushers, HasEachPushInItsHistory) {
  const InFolder at;
  expect_every_push_in_its_history([&] { return at.store(); }, 2);
}

// There the kernel does not say no, but ends the process (SIGXFSZ).
TEST(AStoreInAFolder, IsNotWrittenToPastTheSizeThatAFileMayHave) {
  const InFolder at;
  EXPECT_TRUE(in_a_child([&]() -> std::string {
    Pool pool = must(Pool::create(16_MiB));
    Space space = space_with(pool, pages(0, 40, 1));
    Repository repository = must(Repository::open(at.store()));
    const rlim_t before = limit(RLIMIT_FSIZE, 4096);
    const auto refused = repository.push(must(space.snapshot()), "main");
    if (refused) return "it was pushed";
    if (refused.error().code != Errc::io || refused.error().system != EFBIG) {
      return refused.error().message();
    }
    limit(RLIMIT_FSIZE, before);
    const auto pushed = repository.push(must(space.snapshot()), "main");
    return pushed ? "" : pushed.error().message();
  }));
}

}  // namespace
}  // namespace cleave::detail::image
