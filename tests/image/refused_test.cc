// The k-th system call of a repository in a folder fails, for some k, or each (CLEAVE_EVERY_CALL),
// with each errno that it may have: an error that says why, and then success; refs are where they
// were or where the push wanted them, and no page is another.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/image/lazy.h>

#include "tests/image/contents.h"
#include "tests/refused/interrupted.h"
#include "tests/refused/refuse_each.h"
#include "tests/support/poor_process.h"
#include "tests/support/temporary_folder.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

const std::vector<Kind>& calls_of_a_folder() {
  static const std::vector<Kind> all = {
      {SYS_openat, "openat", {EMFILE, ENFILE, ENOMEM, EACCES, EINTR, EIO}},
#ifdef SYS_mkdir
      {SYS_mkdir, "mkdir", {ENOSPC, EACCES, EIO}},
      {SYS_unlink, "unlink", {EACCES, EIO}},
#endif
      {SYS_linkat, "linkat", {ENOSPC, EPERM, ENOENT, EMLINK, EIO}},
      {SYS_fsync, "fsync", {EINTR, EIO, ENOSPC}},
      {SYS_write, "write", {EINTR, EIO, ENOSPC, EDQUOT}},
      {SYS_pread64, "pread", {EINTR, EIO, ENOMEM}},
      {SYS_read, "read", {EINTR, EIO}},
      {SYS_getdents64, "getdents", {ENOMEM, EIO}},
      {SYS_newfstatat, "fstatat", {ENOMEM, EACCES, EIO}},
      {SYS_fcntl, "fcntl", {EMFILE, EPERM}},
      {SYS_clone3, "clone3", {EAGAIN, EPERM}},
  };
  return all;
}

class RepositoryScene {
 public:
  RepositoryScene(Scene& scene, std::string folder)
      : scene_(scene),
        folder_(std::move(folder)),
        pool_(scene.attempt("Pool::create", [] { return Pool::create(16_MiB); })),
        repository_(scene.attempt("Repository::create", [&] { return made(); })) {}

  void play() {
    Space space = space_with(pool_, contents_);
    const ImageId one = push(space);
    const Contents at_one = contents_;
    change(space, {{3, 77}, {500, 78}, {10, 0}});
    const ImageId two = push(space);
    look(one, at_one);
    look(two, contents_);
    const auto differ = scene_.attempt("diff", [&]() -> Result<std::uint64_t> {
      std::uint64_t pages = 0;
      auto done = repository_.diff(one, two, [&](PageRange run) { pages += run.pages(); });
      if (!done) return tl::unexpected(done.error());
      return pages;
    });
    Scene::expect(differ == 3, "another difference");
    look_lazily(two);
    const std::string kept = "kept";
    scene_.attempt("push", [&] { return repository_.push(snapshot(space), kept); });
    scene_.attempt("forget", [&] { return repository_.forget("main"); });
    for (int round = 0; round < 2; ++round) {
      (void)scene_.attempt("collect", [&] { return repository_.collect(true); });
    }
    look(scene_.attempt("resolve", [&] { return repository_.resolve(kept); }), contents_);
    // A pack that cannot be read is a problem, for once.
    auto found = scene_.attempt("verify", [&] { return repository_.verify(); });
    if (!found.problems.empty())
      found = scene_.attempt("verify", [&] { return repository_.verify(); });
    Scene::expect(found.problems.empty(), "damaged");
  }

 private:
  Result<std::unique_ptr<ImageStore>> store() const { return directory_store(folder_); }
  // What a try that failed has made is opened.
  Result<Repository> made() const {
    auto first = store();
    if (!first) return tl::unexpected(first.error());
    auto created = Repository::create(std::move(*first));
    if (created || created.error().code != Errc::already_exists) return created;
    auto second = store();
    if (!second) return tl::unexpected(second.error());
    return Repository::open(std::move(*second));
  }

  Snapshot snapshot(Space& space) {
    return scene_.attempt("snapshot", [&] { return space.snapshot(); });
  }
  void change(Space& space, const Contents& changes) {
    for (const auto& [page, number] : changes) contents_[page] = number;
    write(space, changes);
  }

  ImageId push(Space& space) {
    const Snapshot now = snapshot(space);
    return scene_.attempt("push", [&] { return repository_.push(now, "main"); }).id();
  }

  void look(const ImageId& commit, const Contents& contents) {
    const Space space =
        scene_.attempt("checkout", [&] { return repository_.checkout(pool_, commit); });
    look(space, contents);
  }
  void look(const Space& space, const Contents& contents) {
    std::vector<std::byte> page(kPageSize);
    for (std::uint64_t i = 0; i < kPagesMapped; i += i < 50 ? 1 : 45) {
      scene_.attempt("read", [&] { return space.read(address_of(PageNo{i}), page); });
      const auto found = contents.find(i);
      Scene::expect(page == page_of_number(found == contents.end() ? 0 : found->second),
                    "another page " + std::to_string(i));
    }
  }
  void look_lazily(const ImageId& commit) {
    LazyImages images = scene_.attempt("LazyImages::open", [&]() -> Result<LazyImages> {
      auto from = store();
      if (!from) return tl::unexpected(from.error());
      LazyOptions options;
      options.memory = 4_MiB;
      return LazyImages::open(std::move(*from), std::move(options));
    });
    LazyCheckout lazy =
        scene_.attempt("LazyImages::checkout", [&] { return images.checkout(commit); });
    look(lazy.space(), contents_);
    (void)scene_.attempt("remember", [&] { return lazy.remember(); });
  }

  Scene& scene_;
  const std::string folder_;
  Pool pool_;
  Repository repository_;
  Contents contents_ = pages(0, 40, 1);
};

TEST(RefusedRepositories, KeepEachPageAndSayWhyWhicheverCallIsRefused) {
  const TemporaryFolder folder;
  refuse_each_of(calls_of_a_folder(), [&](Scene& scene) {
    const std::string own = folder.file(std::to_string(getpid()));
    scene.attempt("a folder", [&]() -> Result<void> {
      std::error_code why;
      std::filesystem::create_directories(own, why);
      if (!why) return {};
      return tl::unexpected(Error{Errc::io, "no folder for the test", {}, why.value()});
    });
    RepositoryScene(scene, own).play();
  });
}

TEST(InterruptedRepositories, GoOn) {
  const TemporaryFolder folder;
  EXPECT_TRUE(in_a_child([&] {
    int round = 0;
    return of_an_interrupted_process([&](Scene& scene) {
      const std::string own = folder.file(std::to_string(round++));
      std::filesystem::create_directories(own);
      RepositoryScene(scene, own).play();
    });
  }));
}

}  // namespace
}  // namespace cleave::detail::image
