// Stores in S3 and in RADOS on a real cluster: `make ceph-test` starts one of Debian's packages.
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include <cleave/image/rados.h>
#include <cleave/image/s3.h>

#include "tests/image/contents.h"
#include "tests/image/promises.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

// A part of the cluster's pool or bucket that no other run has: what earlier ones left stays there,
// and a process may have the id that one of them had.
std::string place_of_our_own(const std::string& root) {
  static std::random_device random;
  const std::uint64_t number = std::uint64_t{random()} << 32 | random();
  return root + "/test-" + std::to_string(number);
}

std::unique_ptr<ImageStore> store_at(const std::string& url) {
  return url.starts_with("s3://") ? must(s3_store(url)) : must(rados_store(url));
}

class OnCeph : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const char* const root = std::getenv(GetParam());
    if (root == nullptr) GTEST_SKIP() << "no Ceph runs for this; `make ceph-test` starts one";
    url_ = place_of_our_own(root);
  }
  [[nodiscard]] std::unique_ptr<ImageStore> store() const { return store_at(url_); }

  std::string url_;
};

TEST_P(OnCeph, AStoreKeepsItsPromises) { expect_keeps_its_promises(*store(), *store()); }

TEST_P(OnCeph, AStoreListsMoreThanAPage) {
  auto ours = store();
  for (int i = 0; i < 1100; ++i) must(ours->put("packs/" + std::to_string(i), view_of("x")));
  EXPECT_EQ(must(ours->list("packs")).size(), 1100u);
  EXPECT_EQ(must(store()->list("packs")).size(), 1100u);
}

TEST_P(OnCeph, AnObjectOfAPacksSizeComesBack) {
  Bytes large(std::size_t{16} << 20);
  for (std::size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<std::byte>(i * 2654435761U >> 13);
  must(store()->put("packs/large", large));
  EXPECT_EQ(must(store()->get("packs/large", 0, large.size())), large);
  const Bytes part = must(store()->get("packs/large", 7'000'000, 100'000));
  EXPECT_TRUE(std::ranges::equal(part, View(large).subspan(7'000'000, 100'000)));
}

TEST_P(OnCeph, EachPushIsInTheHistory) {
  must(Repository::create(store()));
  expect_every_push_in_its_history([this] { return store(); }, 5);
}

TEST_P(OnCeph, ARepositoryTravelsToAFolderAndBack) {
  const Pool pool = must(Pool::create(32_MiB));
  const Contents contents = pages(3, 500, 1);
  Space space = space_with(pool, contents);
  InFolder folder;
  const auto pushed = must(folder.repository.push(must(space.snapshot()), "main"));
  Repository remote = must(Repository::create(store()));
  EXPECT_EQ(must(remote.fetch(folder.repository, "main")), pushed.id());
  InFolder other;
  Repository reader = must(Repository::open(store()));
  EXPECT_EQ(must(other.repository.fetch(reader, "main")), pushed.id());
  expect_contents(must(other.repository.checkout(pool, pushed.id())), contents);
}

INSTANTIATE_TEST_SUITE_P(S3, OnCeph, testing::Values("CLEAVE_TEST_S3"));
INSTANTIATE_TEST_SUITE_P(Rados, OnCeph, testing::Values("CLEAVE_TEST_RADOS"));

TEST(StoreInRados, IsNamedByAUrl) {
  for (const char* url : {"", "pool", "rados://", "rados://a/", "rados://a/b/c", "rados://@a",
                          "rados://a b", "rados://a/b%", "rados://x@"}) {
    const auto store = rados_store(url);
    ASSERT_FALSE(store) << url;
    EXPECT_EQ(store.error().code, Errc::bad_argument) << url;
  }
}

TEST(StoreInRados, SaysThatThereIsNoCluster) {
  TemporaryFolder folder;
  const std::string config = folder.file("none.conf");
  const auto store = rados_store("rados://pool", {.config = config});
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::io);
  EXPECT_NE(store.error().system, 0);
}

/// A process that does nothing, for a scope.
class Stopped {
 public:
  explicit Stopped(int process) : process_(process) {
    EXPECT_EQ(kill(process, SIGSTOP), 0);
    // Signals reach the threads of a process one by one.
    const std::filesystem::directory_iterator threads("/proc/" + std::to_string(process) + "/task");
    for (const auto& thread : threads) {
      while (runs(thread)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  ~Stopped() { EXPECT_EQ(kill(process_, SIGCONT), 0); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

 private:
  static bool runs(const std::filesystem::directory_entry& thread) {
    std::ifstream stat(thread.path() / "stat");
    std::string line;
    std::getline(stat, line);
    const std::size_t name = line.rfind(") ");
    if (name == line.npos) return false;  // it has ended meanwhile
    return std::string_view("TXZ").find(line[name + 2]) == std::string_view::npos;
  }
  int process_;
};

/// A store that gives up soon, and that has been answered. A cluster may take longer for that, by
/// what it has still to do of what others asked of it.
std::unique_ptr<ImageStore> impatient_store(const std::string& url) {
  const auto is_late = [](const auto& result) {
    return !result && result.error().system == ETIMEDOUT;
  };
  for (int tries = 0;; ++tries) {
    auto store = rados_store(url, {.timeout = std::chrono::seconds(2)});
    const bool answered = store && !is_late((*store)->cell("root"));
    if (answered || tries == 100 || !(store || is_late(store))) return must(std::move(store));
  }
}

// What an operator sees whose cluster hangs: not a program that does. How long it takes to answer
// before and after is no matter.
TEST(StoreInRados, SaysThatItsClusterDoesNotAnswer) {
  const char* const root = std::getenv("CLEAVE_TEST_RADOS");
  const char* const pid = std::getenv("CLEAVE_TEST_CEPH_OSD");
  if (root == nullptr || pid == nullptr)
    GTEST_SKIP() << "no Ceph runs; `make ceph-test` starts one";
  const std::string here = place_of_our_own(root);
  const auto store = impatient_store(here);
  const auto expect_late = [](const char* call, const auto& result) {
    ASSERT_FALSE(result) << call;
    EXPECT_EQ(result.error().system, ETIMEDOUT) << call << ": " << result.error().message();
  };
  {
    const Stopped store_of_the_cluster(std::atoi(pid));
    expect_late("get", store->get("packs/a", 0, 1));
    expect_late("put", store->put("packs/b", view_of("x")));
    expect_late("list", store->list("packs"));
    expect_late("cell", store->cell("root"));
    expect_late("swap", store->swap("root", 0, view_of("x")));
  }
  // It goes on; what was late may be done still.
  (void)must(store_at(here)->cell("root"));
}

}  // namespace
}  // namespace cleave::detail::image
