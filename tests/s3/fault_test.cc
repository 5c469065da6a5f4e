// A store in a bucket whose S3 fails: what is answered is true, and comes in time.
#include <cerrno>

#include <gtest/gtest.h>

#include "s3/store.h"
#include "tests/image/contents.h"
#include "tests/image/promises.h"
#include "tests/s3/server.h"

namespace cleave::detail::s3 {
namespace {

using namespace cleave::literals;
using image::view_of;

/// Each n-th request of one method fails so.
class Every {
 public:
  Every(std::size_t n, Fault fault, std::string method = {})
      : n_(n), fault_(fault), method_(std::move(method)) {}
  Fault operator()(const std::string& method, const std::string&) {
    if (!method_.empty() && method != method_) return Fault::none;
    return ++count_ % n_ == 0 ? fault_ : Fault::none;
  }

 private:
  std::size_t n_;
  Fault fault_;
  std::string method_;
  std::size_t count_ = 0;
};

/// None, until it is set.
struct Switch {
  std::shared_ptr<std::atomic<Fault>> fault = std::make_shared<std::atomic<Fault>>(Fault::none);
  Fault operator()(const std::string&, const std::string&) const { return *fault; }
};

// One that waits so long, and is not tried first.
std::unique_ptr<S3Store> store_that_waits(const S3Options& options, milliseconds timeout) {
  auto target = must(target_of("s3://bucket", options));
  target.timeout = timeout;
  target.first_pause = milliseconds(1);
  return std::make_unique<S3Store>(Client(std::move(target), [] { return std::time(nullptr); }));
}

// One that has what time it needs, and does not pause for long before it asks again.
std::unique_ptr<ImageStore> patient_store(const S3Server& server) {
  auto store = store_that_waits(server.options(), std::chrono::minutes(10));
  must(store->try_writing());
  return store;
}

TEST(StoreInS3ThatFails, KeepsItsPromisesWhereItFailsNowAndThen) {
  for (const Fault fault : {Fault::error, Fault::lost, Fault::cut}) {
    SCOPED_TRACE(static_cast<int>(fault));
    S3Server server({}, Every(3, fault));
    const auto store = [&] { return patient_store(server); };
    image::expect_keeps_its_promises(*store(), *store());
  }
}

// Whoever swaps, and hears nothing, asks again and is refused: by its own swap.
TEST(StoreInS3ThatFails, KnowsItsOwnSwapWhoseAnswerWasLost) {
  S3Server server({}, Every(4, Fault::lost, "PUT"));
  auto store = patient_store(server);
  for (std::uint64_t i = 0; i < 20; ++i) EXPECT_TRUE(must(store->swap("root", i, view_of("same"))));
  EXPECT_EQ(must(store->cell("root")).generation, 20u);
}

TEST(StoreInS3ThatFails, LosesNoPushThatWasAcknowledged) {
  S3Server server({}, Every(5, Fault::lost));
  const auto store = [&] { return patient_store(server); };
  const Pool pool = must(Pool::create(32_MiB));
  image::Contents contents = image::pages(0, 30, 1);
  Space space = image::space_with(pool, contents);
  Repository repository = must(Repository::create(store()));
  for (std::uint64_t i = 0; i < 5; ++i) {
    contents[i] = 1000 + i;
    image::write(space, {{i, 1000 + i}});
    const auto pushed = must(repository.push(must(space.snapshot()), "main"));
    Repository other = must(Repository::open(store()));
    EXPECT_EQ(must(other.resolve("main")), pushed.id());
    image::expect_contents(must(other.checkout(pool, pushed.id())), contents);
  }
  Repository other = must(Repository::open(store()));
  EXPECT_EQ(must(other.history(must(other.resolve("main")))).size(), 5u) << "none came twice";
}

// Eight at once, each with a connection of its own, at a store that loses answers.
TEST(StoreInS3ThatFails, HasOneWinnerForEachGeneration) {
  S3Server server({}, Every(7, Fault::lost, "PUT"));
  std::atomic<unsigned> won{0};
  std::vector<std::thread> pushers;
  for (int i = 0; i < 8; ++i) {
    pushers.emplace_back([&] {
      auto store = patient_store(server);
      for (unsigned mine = 0; mine < 5;) {
        const std::uint64_t generation = must(store->cell("root")).generation;
        if (!must(store->swap("root", generation, view_of("x")))) continue;
        ++mine;
        ++won;
      }
    });
  }
  for (std::thread& pusher : pushers) pusher.join();
  auto store = patient_store(server);
  EXPECT_EQ(must(store->cell("root")).generation, 40u) << "each knew of its own";
  EXPECT_EQ(won.load(), 40u);
}

TEST(StoreInS3ThatFails, SaysSoInTime) {
  Switch faults;
  S3Server server({}, faults);
  must(patient_store(server)->put("packs/a", view_of("x")));
  for (const auto& [fault, system] :
       {std::pair{Fault::silent, ETIMEDOUT}, std::pair{Fault::error, EREMOTEIO},
        std::pair{Fault::full, ENOSPC}, std::pair{Fault::forbidden, EACCES}}) {
    SCOPED_TRACE(static_cast<int>(fault));
    *faults.fault = fault;
    const auto store = store_that_waits(
        server.options(), fault == Fault::silent ? milliseconds(50) : std::chrono::minutes(1));
    for (const auto& error :
         {store->get("packs/a", 0, 1).error(), store->put("packs/b", view_of("x")).error(),
          store->list("packs").error(), store->cell("root").error(),
          store->swap("root", 0, view_of("x")).error(), store->remove("packs/a").error()}) {
      EXPECT_EQ(error.code, Errc::io) << error.message();
      EXPECT_EQ(error.system, system) << error.message();
    }
  }
  *faults.fault = Fault::none;
  const auto store = patient_store(server);
  EXPECT_EQ(must(store->get("packs/a", 0, 1)), image::bytes_of("x"));
  EXPECT_EQ(must(store->cell("root")).generation, 0u);
}

TEST(StoreInS3ThatFails, SaysThatNobodyIsThere) {
  S3Options options;
  {
    const S3Server server;
    options = server.options();
  }
  EXPECT_EQ(store_that_waits(options, std::chrono::minutes(1))->try_writing().error().system,
            ECONNREFUSED);
}

// Each request of a push fails once so that it stays failed: the ref is where it was, and the next
// push succeeds.
TEST(StoreInS3ThatFails, LeavesTheRefWhereItIsFull) {
  std::atomic<std::size_t> left = ~std::size_t{0};
  S3Server server({}, [&left](const std::string& method, const std::string&) {
    if (method != "PUT") return Fault::none;
    return left-- == 0 ? Fault::full : Fault::none;
  });
  const Pool pool = must(Pool::create(32_MiB));
  Space space = image::space_with(pool, image::pages(0, 30, 1));
  Repository repository = must(Repository::create(patient_store(server)));
  ImageId before = must(repository.push(must(space.snapshot()), "main")).id();
  bool came_through = false;
  std::size_t failed = 0;
  for (std::size_t at = 0; !came_through; ++at) {
    image::write(space, {{at, 5000 + at}});
    left = at;
    const auto pushed = repository.push(must(space.snapshot()), "main");
    left = ~std::size_t{0};
    came_through = pushed.has_value();
    if (came_through) break;
    ++failed;
    EXPECT_EQ(pushed.error().system, ENOSPC);
    EXPECT_EQ(must(repository.resolve("main")), before);
    before = must(repository.push(must(space.snapshot()), "main")).id();
  }
  EXPECT_GE(failed, 2u) << "the pack and the root";
  image::expect_verifies(repository);
}

}  // namespace
}  // namespace cleave::detail::s3
