// A store in a bucket, reached by TLS: by a certificate that is named, and by no other.
#include "tests/s3/tls.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

#include "tests/image/contents.h"
#include "tests/image/promises.h"
#include "tests/s3/server.h"
#include "tests/support/poor_process.h"
#include "tests/support/sanitized.h"
#include "tests/support/temporary_folder.h"

namespace cleave::detail::s3 {
namespace {

// The last thing that a process does: what TLS works with has gone by then. It waits until another
// thread has asked twice more, so that whoever still used it would be seen to.
bool lingers_at_its_end = false;
std::atomic<int> asked{0};
void linger() {
  if (!lingers_at_its_end) return;
  const int before = asked;
  const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (asked < before + 2) {
    if (std::chrono::steady_clock::now() > latest) _exit(1);
    std::this_thread::yield();
  }
}
const bool lingers = std::atexit(linger) == 0;

class StoreInS3ByTls : public testing::Test {
 protected:
  [[nodiscard]] std::string certificate() const { return folder_.file("certificate.pem"); }
  [[nodiscard]] S3Options options(const TlsDoor& door, const std::string& certificates) const {
    S3Options options = server_.options();
    options.endpoint = door.endpoint();
    options.certificates = certificates;
    return options;
  }
  void expect_not_trusted(const S3Options& options) {
    const auto store = s3_store("s3://bucket/a", options);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::io);
    EXPECT_EQ(store.error().system, EKEYREJECTED);
    EXPECT_EQ(server_.requests(), 0u) << "nothing was said to whom it was not meant for";
  }

  TemporaryFolder folder_;
  S3Server server_;
};

TEST_F(StoreInS3ByTls, KeepsItsPromisesWhereItsCertificateIsNamed) {
  const TlsDoor door(server_.port(), "127.0.0.1", certificate());
  const auto store = [&](const char* url) {
    return must(s3_store(url, options(door, certificate())));
  };
  image::expect_keeps_its_promises(*store("s3://bucket/a"), *store("s3://bucket/a"));
  Repository repository = must(Repository::create(store("s3://bucket/b")));
  const Pool pool = must(Pool::create(ByteCount{32 << 20}));
  const image::Contents contents = image::pages(3, 200, 1);
  Space space = image::space_with(pool, contents);
  must(repository.push(must(space.snapshot()), "main"));
  Repository again = must(Repository::open(store("s3://bucket/b")));
  image::expect_contents(must(again.checkout(pool, must(again.resolve("main")))), contents);
}

TEST_F(StoreInS3ByTls, IsRefusedWhereItsCertificateIsNot) {
  const TlsDoor door(server_.port(), "127.0.0.1", certificate());
  expect_not_trusted(options(door, ""));
  const std::string other = folder_.file("other.pem");
  const TlsDoor another(server_.port(), "127.0.0.1", other);
  expect_not_trusted(options(door, other));
  expect_not_trusted(options(door, folder_.file("none.pem")));
}

TEST_F(StoreInS3ByTls, IsRefusedWhereItsCertificateIsAnothers) {
  const TlsDoor door(server_.port(), "127.0.0.2", certificate());
  expect_not_trusted(options(door, certificate()));
}

// As a daemon thread of Python's does while the interpreter ends.
TEST_F(StoreInS3ByTls, LetsAProcessEndWhileAnotherThreadAsks) {
  if (kThreadSanitized) GTEST_SKIP() << "the thread sanitizer allows no threads after a fork";
  const TlsDoor door(server_.port(), "127.0.0.1", certificate());
  ASSERT_TRUE(lingers);
  EXPECT_TRUE(in_a_child([&]() -> std::string {
    lingers_at_its_end = true;
    std::atomic<int> answers{0};
    std::thread([&, store = s3_store("s3://bucket/a", options(door, certificate()))] {
      const std::byte object{};
      while (store) {
        answers += (*store)->put("packs/a", {&object, 1}) ? 1 : 0;  // each a handshake
        ++asked;
      }
    }).detach();
    while (answers < 3) std::this_thread::yield();
    std::exit(0);  // NOLINT: other threads run
  }));
}

}  // namespace
}  // namespace cleave::detail::s3
