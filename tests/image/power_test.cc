// A store whose disk loses what was not synced: whatever was acknowledged is there afterwards.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <gtest/gtest.h>

#include <cleave/image/lazy.h>

#include "base/fail.h"
#include "image/store/directory.h"
#include "tests/image/contents.h"
#include "tests/support/sanitized.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

/// What has become of what was not synced when the power goes.
enum class Power {
  takes,         ///< it is lost
  leaves,        ///< it got there all the same
  takes_counts,  ///< it is lost; no journal has a file's name and that it has one together
};
constexpr Power kEach[] = {Power::takes, Power::leaves, Power::takes_counts};

/// Folders of files. What is published or removed is durable after sync_folder(), and may be lost
/// or not when the power goes, before; what is to be published later is lost. After `left` changes
/// the power goes.
struct Platter {
  struct Folder {
    std::map<std::string, Bytes> seen;
    std::map<std::string, Bytes> durable;
    std::set<std::string> nameless;  ///< the disk has that these files have no name
  };
  std::map<std::string, Folder> folders;
  std::uint64_t left = ~std::uint64_t{0};
  std::uint64_t changes = 0;

  [[nodiscard]] bool change() {
    ++changes;
    if (left == 0) return false;
    --left;
    return true;
  }
  void lose_power(Power power) {
    for (auto& [path, folder] : folders) {
      if (power == Power::leaves) folder.durable = folder.seen;
      folder.seen = folder.durable;
      if (power != Power::takes_counts) continue;
      for (const std::string& file : folder.nameless) folder.seen.erase(file);
      folder.durable = folder.seen;
    }
    left = ~std::uint64_t{0};
  }
};

class ForgetfulDisk final : public Disk {
 public:
  explicit ForgetfulDisk(Platter& platter) : platter_(platter) {}

  Result<void> make_folder(const std::string& path) override {
    (void)platter_.folders[path];
    return {};
  }
  Result<bool> publish(const std::string& folder, const std::string& name, View bytes) override {
    if (!platter_.change()) return off();
    Platter::Folder& in = platter_.folders[folder];
    const bool is_new = in.seen.try_emplace(name, bytes.begin(), bytes.end()).second;
    if (is_new) in.nameless.insert(name);
    return is_new;
  }
  Result<bool> publish_later(const std::string& folder, const std::string& name,
                             View bytes) override {
    if (later_.size() == kMostLater) {
      if (auto done = publish_rest(); !done) return tl::unexpected(done.error());
    }
    if (!platter_.change()) return off();
    later_.push_back({folder, name, Bytes(bytes.begin(), bytes.end())});
    return true;
  }
  Result<void> publish_rest() override {
    for (const Later& each : std::exchange(later_, {})) {
      if (auto done = publish(each.folder, each.name, each.bytes); !done) {
        return tl::unexpected(done.error());
      }
    }
    return {};
  }
  void drop_rest() noexcept override { later_.clear(); }
  Result<void> sync_named(const std::string& path) override {
    if (!platter_.change()) return off();
    const std::size_t slash = path.rfind('/');
    platter_.folders[path.substr(0, slash)].nameless.erase(path.substr(slash + 1));
    return {};
  }
  Result<void> sync_folder(const std::string& path) override {
    if (!platter_.change()) return off();
    platter_.folders[path].durable = platter_.folders[path].seen;
    return {};
  }
  Result<void> remove(const std::string& path) override {
    if (!platter_.change()) return off();
    const std::size_t slash = path.rfind('/');
    platter_.folders[path.substr(0, slash)].seen.erase(path.substr(slash + 1));
    return {};
  }
  Result<Bytes> read(const std::string& path, std::uint64_t offset, std::uint64_t size) override {
    const std::size_t slash = path.rfind('/');
    const auto& seen = platter_.folders[path.substr(0, slash)].seen;
    const auto file = seen.find(path.substr(slash + 1));
    if (file == seen.end() || offset + size > file->second.size()) {
      return fail(Errc::not_mapped, "not there");
    }
    const View part = View(file->second).subspan(offset, size);
    return Bytes(part.begin(), part.end());
  }
  Result<std::vector<ImageStore::Item>> list(const std::string& path) override {
    std::vector<ImageStore::Item> items;
    for (const auto& [name, bytes] : platter_.folders[path].seen) {
      items.push_back({name, bytes.size()});
    }
    return items;
  }

 private:
  struct Later {
    std::string folder;
    std::string name;
    Bytes bytes;
  };
  static tl::unexpected<Error> off() { return fail(Errc::io, "the power is off", Address{0}, EIO); }

  Platter& platter_;
  std::vector<Later> later_;
};

std::unique_ptr<ImageStore> store_on(Platter& platter) {
  auto store = std::make_unique<DirectoryStore>(std::make_unique<ForgetfulDisk>(platter), "r");
  must(store->prepare());
  return store;
}

// What the program was told, as it goes.
struct Told {
  std::map<std::string, std::pair<ImageId, Contents>> acknowledged;
  bool all = false;
};

LazyImages lazily(Platter& platter) {
  return must(LazyImages::open(store_on(platter), {.memory = 1_MiB, .pages = 1 << 10}));
}

// Pushes, a ref that goes, readers that come and go, and collections, until something fails.
Told work(const Pool& pool, Repository& repository, LazyImages& readers) {
  Told told;
  Contents contents = pages(0, 40, 1);
  Space space = space_with(pool, contents);
  for (std::uint64_t i = 0; i < 3; ++i) {
    contents[i] = 100 + i;
    write(space, {{i, 100 + i}});
    const std::string ref = i == 1 ? "gone" : "main";
    const auto pushed = repository.push(must(space.snapshot()), ref);
    if (!pushed) return told;
    told.acknowledged[ref] = {pushed->id(), contents};
    if (i == 1) {
      told.acknowledged.erase("gone");
      if (!repository.forget("gone")) return told;
    }
    const auto reader = readers.checkout(pushed->id());
    if (!reader || !repository.collect(true)) return told;
  }
  told.all = true;
  return told;
}

void expect_power_loss_is_survived(std::uint64_t after, Power power, bool& came_to_the_end) {
  Pool pool = must(Pool::create(16_MiB));
  Platter platter;
  Repository before = must(Repository::create(store_on(platter)));
  LazyImages readers = lazily(platter);
  platter.left = after;
  const Told told = work(pool, before, readers);
  came_to_the_end = told.all;
  platter.lose_power(power);

  Repository repository = must(Repository::open(store_on(platter)));
  expect_verifies(repository);
  for (const auto& [ref, what] : told.acknowledged) {
    SCOPED_TRACE(ref + " after " + std::to_string(after) + ", power " +
                 std::to_string(static_cast<int>(power)));
    ASSERT_TRUE(repository.resolve(ref));
    const auto& [id, contents] = what;
    const std::vector<ImageId> line = must(repository.history(must(repository.resolve(ref))));
    EXPECT_NE(std::ranges::find(line, id), line.end()) << ref << " after " << after;
    expect_contents(must(repository.checkout(pool, id)), contents);
  }
  LazyImages more = lazily(platter);
  EXPECT_TRUE(work(pool, repository, more).all) << "it goes on, after " << after;
}

TEST(ImageStoreThatLosesPower, HasAllThatWasAcknowledged) {
  for (const Power power : kEach) {
    bool came_to_the_end = false;
    std::uint64_t after = 0;
    const std::uint64_t stride = kThreadSanitized ? 4 : 1;  // one thread alone races with none
    for (; !came_to_the_end; after += stride) {
      expect_power_loss_is_survived(after, power, came_to_the_end);
    }
    EXPECT_GT(after, 20u);
  }
}

// More than get their names together.
TEST(ImageStoreThatLosesPower, HasAllOfManyPutsThatASwapCameAfter) {
  const Bytes bytes(10);
  bool came_to_the_end = false;
  for (std::uint64_t after = 0; !came_to_the_end; ++after) {
    Platter platter;
    auto store = store_on(platter);
    platter.left = after;
    bool all = true;
    for (std::uint64_t i = 0; i < 2 * kMostLater + 2; ++i) {
      all = store->put("packs/" + std::to_string(i), bytes) && all;
    }
    const auto swapped = store->swap("root", 0, bytes);
    came_to_the_end = swapped && *swapped;
    EXPECT_TRUE(all || !came_to_the_end);
    platter.lose_power(Power::takes);
    if (!came_to_the_end) continue;
    store = store_on(platter);
    EXPECT_EQ(must(store->list("packs")).size(), 2 * kMostLater + 2);
    EXPECT_GT(after, 2 * kMostLater);
  }
}

// The check would notice.
TEST(ImageStoreThatLosesPower, WouldLoseWhatIsNotSynced) {
  Pool pool = must(Pool::create(16_MiB));
  Platter platter;
  Repository repository = must(Repository::create(store_on(platter)));
  const auto before = platter.folders["r/packs"].durable;
  Space space = space_with(pool, pages(0, 40, 1));
  must(repository.push(must(space.snapshot()), "main"));
  platter.folders["r/packs"].durable = before;
  platter.lose_power(Power::takes);
  Repository after = must(Repository::open(store_on(platter)));
  EXPECT_FALSE(must(after.verify()).problems.empty());
}

// A reader that leases syncs the file of the root, which must not be seen without its bytes; its
// name need not last.
TEST(LeaseInAFolder, SyncsNoFolder) {
  Pool pool = must(Pool::create(16_MiB));
  Platter platter;
  Repository repository = must(Repository::create(store_on(platter)));
  Space space = space_with(pool, pages(0, 40, 1));
  const ImageId id = must(repository.push(must(space.snapshot()), "main")).id();
  LazyImages images = lazily(platter);
  const std::uint64_t before = platter.changes;
  { const LazyCheckout lazy = must(images.checkout(id)); }
  EXPECT_EQ(platter.changes - before, 2u) << "one root with the lease, and one without";
}

// The disk is another machine's: who looks goes on where it loses its power.
TEST(CellInAFolder, IsNotTakenForAnotherOfItsNumber) {
  Platter platter;
  const auto store = store_on(platter);
  const auto other = store_on(platter);
  const auto bytes_of = [](const char* text) { return std::as_bytes(std::span(text, 4)); };
  ASSERT_TRUE(must(store->swap("root", 0, bytes_of("one "))));
  ASSERT_TRUE(must(other->swap_for_now("root", 1, bytes_of("two "))));
  ASSERT_EQ(must(store->cell("root")).generation, 2u);
  platter.lose_power(Power::takes);
  ASSERT_TRUE(must(other->swap("root", 1, bytes_of("push"))));
  EXPECT_FALSE(must(store->swap("root", 2, bytes_of("last")))) << "of the one that was lost";
  ASSERT_EQ(must(store->cell("root")).generation, 2u);
  EXPECT_TRUE(must(store->swap("root", 2, bytes_of("last"))));
}

// Old generations go only where a later one lasts, however many leases come in between.
TEST(LeaseInAFolder, LeavesARootThatLastsAndNoPileOfRoots) {
  Pool pool = must(Pool::create(16_MiB));
  Platter platter;
  Repository repository = must(Repository::create(store_on(platter)));
  const Contents contents = pages(0, 40, 1);
  Space space = space_with(pool, contents);
  const ImageId id = must(repository.push(must(space.snapshot()), "main")).id();
  {
    LazyImages images = lazily(platter);
    const Platter::Folder& roots = platter.folders["r/cells/root"];
    for (std::uint64_t reader = 0; reader < 3 * kGenerationsKept; ++reader) {
      { const LazyCheckout lazy = must(images.checkout(id)); }
      ASSERT_LE(roots.seen.size(), 2 * kGenerationsKept + 1);
      const auto lasts = [&](const auto& root) { return roots.durable.contains(root.first); };
      ASSERT_TRUE(std::ranges::any_of(roots.seen, lasts)) << "after reader " << reader;
    }
  }
  platter.lose_power(Power::takes);
  Repository after = must(Repository::open(store_on(platter)));
  expect_verifies(after);
  expect_contents(must(after.checkout(pool, must(after.resolve("main")))), contents);
}

}  // namespace
}  // namespace cleave::detail::image
