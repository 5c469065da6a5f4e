// No call of a repository is a point of cancellation: a thread that pthread_cancel(3) names goes on
// to the end of it.
#include <pthread.h>

#include <gtest/gtest.h>

#include "tests/image/lazy_contents.h"
#include "tests/support/poor_process.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

struct Work {
  std::string path;
  bool done = false;
};

// With a lease, a commit of an arena, and a collector that looks for the dead.
void do_all(const std::string& path) {
  Repository repository = must(Repository::create(must(directory_store(path))));
  const Pool pool = must(Pool::create(16_MiB));
  Arena arena = must(Arena::create(pool, 1_MiB));
  must(repository.push(must(arena.commit()), "arena"));
  Space space = space_with(pool, pages(0, 900, 1));  // more than are pushed without a thread
  const ImageId id = must(repository.push(must(space.snapshot()), "main")).id();
  LazyImages images =
      must(LazyImages::open(must(directory_store(path)), LazyOptions{.memory = 16_MiB}));
  LazyCheckout lazy = must(images.checkout(id));
  must(lazy.complete());
  must(lazy.remember());
  must(repository.collect());
  must(repository.verify());
}

void* work_to_the_end(void* given) {
  auto& work = *static_cast<Work*>(given);
  (void)pthread_cancel(pthread_self());
  do_all(work.path);
  work.done = true;
  // AddressSanitizer takes the frames that a cancelled thread has left for in use.
  (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  return nullptr;
}

TEST(CancelledThreads, GoOnToTheEndOfWhatTheyDoWithImages) {
  const TemporaryFolder folder;
  EXPECT_TRUE(in_a_child([&]() -> std::string {
    Work work{folder.file("")};
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, work_to_the_end, &work) != 0) return "no thread";
    (void)pthread_join(thread, nullptr);
    return work.done ? "" : "it ended in the middle of a call";
  }));
}

}  // namespace
}  // namespace cleave::detail::image
