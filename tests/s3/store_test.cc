// A store in a bucket, on a small S3 in this process that has the habits of real ones.
#include "s3/store.h"

#include <gtest/gtest.h>

#include "tests/image/contents.h"
#include "tests/image/promises.h"
#include "tests/s3/server.h"

namespace cleave::detail::s3 {
namespace {

using namespace cleave::literals;
using image::view_of;

std::unique_ptr<ImageStore> store_of(const S3Server& server, const char* url = "s3://bucket/a/b") {
  return must(s3_store(url, server.options()));
}

// The same, on a machine whose clock says something else.
std::unique_ptr<ImageStore> store_with_clock(const S3Server& server, std::time_t ahead) {
  auto target = must(target_of("s3://bucket", server.options()));
  auto store = std::make_unique<S3Store>(
      Client(std::move(target), [ahead] { return std::time(nullptr) + ahead; }));
  must(store->try_writing());
  return store;
}

TEST(StoreInS3, KeepsItsPromises) {
  for (const bool bare : {false, true}) {
    for (const bool whole : {false, true}) {
      SCOPED_TRACE(std::to_string(bare) + std::to_string(whole));
      S3Server server({.wants_bare_etags = bare, .ignores_ranges = whole, .page = 1});
      image::expect_keeps_its_promises(*store_of(server), *store_of(server));
      EXPECT_EQ(server.keys("a/b/trials/"), 0u) << "a trial was left";
      EXPECT_EQ(server.keys(""), server.keys("a/b/"));
    }
  }
}

TEST(StoreInS3, IsInAllPagesOfItsList) {
  S3Server server({.page = 7});
  auto store = store_of(server);
  for (int i = 0; i < 50; ++i) must(store->put("packs/" + std::to_string(i), view_of("x")));
  EXPECT_EQ(must(store->list("packs")).size(), 50u);
}

TEST(StoreInS3, HoldsARepository) {
  S3Server server;
  const Pool pool = must(Pool::create(32_MiB));
  const image::Contents contents = image::pages(3, 200, 1);
  Space space = image::space_with(pool, contents);
  Repository ours = must(Repository::create(store_of(server)));
  const auto pushed = must(ours.push(must(space.snapshot()), "main"));
  Repository theirs = must(Repository::open(store_of(server)));
  image::expect_contents(must(theirs.checkout(pool, must(theirs.resolve("main")))), contents);
  EXPECT_EQ(Repository::create(store_of(server)).error().code, Errc::already_exists);

  image::InFolder copy;
  EXPECT_EQ(must(copy.repository.fetch(theirs, "main")), pushed.id());
  must(theirs.forget("main"));
  for (int round = 0; round < 3; ++round) must(theirs.collect());
  EXPECT_EQ(server.keys("a/b/packs/"), 0u);
}

// A request takes its time, wherever the store is.
TEST(StoreInS3, FetchesAheadOfWhoReadsOn) {
  for (const bool whole : {false, true}) {
    SCOPED_TRACE(whole);
    S3Server server({.ignores_ranges = whole});
    auto store = store_of(server);
    image::Bytes object(std::size_t{1} << 20);
    for (std::size_t i = 0; i < object.size(); ++i) object[i] = static_cast<std::byte>(i >> 8);
    must(store->put("packs/a", object));
    const std::size_t before = server.requests("GET");
    constexpr std::uint64_t kStep = 5000;
    for (std::uint64_t at = 0; at + kStep <= object.size(); at += kStep) {
      const image::Bytes part = must(store->get("packs/a", at, kStep));
      ASSERT_TRUE(std::ranges::equal(part, image::View(object).subspan(at, kStep))) << at;
    }
    EXPECT_LE(server.requests("GET") - before, 8u);
    const std::size_t then = server.requests("GET");
    for (int i = 0; i < 3; ++i) must(store->get("packs/a", 7 * kStep, kStep));
    EXPECT_EQ(server.requests("GET") - then, 3u) << "the same again is fetched anew";
  }
}

TEST(StoreInS3, HasEachPushInItsHistory) {
  S3Server server;
  must(Repository::create(store_of(server)));
  image::expect_every_push_in_its_history([&] { return store_of(server); }, 1);
}

// Found out where it is opened; what is there can be read.
TEST(StoreInS3, IsRefusedForRefsWhereConditionsAreIgnored) {
  S3Server good;
  Habits ignoring;
  ignoring.ignores_conditions = true;
  Habits sizes;
  sizes.etags_of_size = true;
  for (const Habits& habits : {ignoring, sizes}) {
    S3Server server(habits);
    auto store = store_of(server);
    for (const auto& error :
         {store->put("packs/a", view_of("x")).error(), store->swap("root", 0, view_of("x")).error(),
          store->remove("packs/a").error()}) {
      EXPECT_EQ(error.code, Errc::unsupported) << error.message();
    }
    EXPECT_EQ(must(store->cell("root")).generation, 0u);
    EXPECT_TRUE(must(store->list("packs")).empty());
    EXPECT_EQ(server.keys(""), 0u) << "nothing is left";
    EXPECT_EQ(Repository::create(std::move(store)).error().code, Errc::unsupported);
  }
  S3Server old({}, [](const std::string& method, const std::string&) {
    return method == "PUT" ? Fault::unknown : Fault::none;
  });
  EXPECT_EQ(store_of(old)->swap("root", 0, view_of("x")).error().code, Errc::unsupported);
}

TEST(StoreInS3, WritesNothingWhereItIsForReading) {
  S3Server server;
  S3Options options = server.options();
  options.read_only = true;
  auto store = must(s3_store("s3://bucket", options));
  EXPECT_EQ(store->put("packs/a", view_of("x")).error().code, Errc::not_permitted);
  EXPECT_EQ(store->swap("root", 0, view_of("x")).error().code, Errc::not_permitted);
  EXPECT_EQ(store->remove("packs/a").error().code, Errc::not_permitted);
  EXPECT_TRUE(must(store->list("packs")).empty());
  EXPECT_EQ(server.requests("PUT") + server.requests("DELETE"), 0u);
}

TEST(StoreInS3, IsReadWithKeysThatMayNotWrite) {
  S3Server server({}, [](const std::string& method, const std::string&) {
    return method == "PUT" ? Fault::forbidden : Fault::none;
  });
  auto store = store_of(server);
  EXPECT_TRUE(must(store->list("packs")).empty());
  const auto refused = store->swap("root", 0, view_of("x"));
  EXPECT_EQ(refused.error().system, EACCES);
}

TEST(StoreInS3, IsTheSameWhateverTheClocksSay) {
  constexpr std::time_t kDay = 24 * 60 * 60;
  S3Server server;
  image::expect_keeps_its_promises(*store_with_clock(server, kDay),
                                   *store_with_clock(server, -kDay));
  S3Server late({.ahead = -kDay});
  image::expect_keeps_its_promises(*store_with_clock(late, 0), *store_with_clock(late, kDay));
}

TEST(StoreInS3, IsNamedByAUrl) {
  S3Server server;
  const S3Options options = server.options();
  for (const char* url :
       {"", "bucket", "s3:/bucket", "s3://", "s3://b", "s3://Bucket", "s3://bucket/../x",
        "s3://bucket//x", "s3://bucket/a b", "s3://bucket/a%2e", "s3://buck\r\net"}) {
    const auto store = s3_store(url, options);
    ASSERT_FALSE(store) << url;
    EXPECT_EQ(store.error().code, Errc::bad_argument) << url;
  }
  for (const char* url : {"s3://bucket", "s3://bucket/", "s3://bucket/A.b/c-d_e/"}) {
    EXPECT_TRUE(s3_store(url, options)) << url;
  }
  EXPECT_EQ(s3_store("s3://none", options).error().system, ENOENT) << "no such bucket";
  S3Options wrong = options;
  wrong.secret_key = "WRONG";
  EXPECT_EQ(must(s3_store("s3://bucket", wrong))->list("packs").error().system, EACCES);
  for (const char* endpoint :
       {"ftp://host", "127.0.0.1:80", "http://", "http://a/b", "http://a\r\nb"}) {
    wrong = options;
    wrong.endpoint = endpoint;
    EXPECT_EQ(s3_store("s3://bucket", wrong).error().code, Errc::bad_argument) << endpoint;
  }
}

// Amazon's own host, which needs no endpoint: what is asked, and where.
TEST(StoreInS3, IsAtAmazonWhereNothingElseIsSaid) {
  S3Options options;
  options.access_key = "a";
  options.secret_key = "b";
  options.region = "eu-west-1";
  const auto named = must(target_of("s3://bucket/x", options));
  EXPECT_EQ(named.host + named.path + named.prefix, "bucket.s3.eu-west-1.amazonaws.com/x/");
  const auto dotted = must(target_of("s3://a.bucket", options));
  EXPECT_EQ(dotted.host + dotted.path + dotted.prefix, "s3.eu-west-1.amazonaws.com/a.bucket/");
}

}  // namespace
}  // namespace cleave::detail::s3
