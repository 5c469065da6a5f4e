// Each system call of a backing's life fails once, with each errno that it may have: no byte is
// wrong, and an error says why.
#include <sys/syscall.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>

#include "tests/backing/pages.h"
#include "tests/refused/scene.h"
#include "tests/support/sanitized.h"
#include "tests/support/seccomp.h"

namespace cleave::detail {
namespace {

using namespace cleave::literals;

struct Watched {
  long call;
  std::vector<int> errors;
};

const std::vector<Watched>& watched() {
  static const std::vector<Watched> all = {
      {SYS_openat, {EMFILE, ENFILE, ENOMEM, EACCES, EOPNOTSUPP, EINTR}},
      {SYS_fallocate, {EINTR, ENOSPC, EDQUOT, EIO, EPERM, EOPNOTSUPP}},
      {SYS_ftruncate, {EINTR, EPERM, EIO}},
      {SYS_fcntl, {EINVAL, EPERM}},
      {SYS_prlimit64, {EPERM}},
      {SYS_mmap, {ENOMEM, EAGAIN, EPERM}},
      {SYS_madvise, {EAGAIN, ENOMEM, EINVAL, EPERM}},
      {SYS_io_uring_setup, {EMFILE, ENFILE, ENOMEM, EPERM, ENOSYS}},
      {SYS_io_uring_enter, {EAGAIN, EBUSY, EINTR, ENOMEM, EPERM}},
      {SYS_pwritev, {EINTR, EAGAIN, EINVAL, EIO, ENOSPC, EDQUOT}},
      {SYS_preadv, {EINTR, EAGAIN, EINVAL, EIO, ENOMEM}},
      {SYS_pwritev2, {EINTR, EIO}},
      {SYS_preadv2, {EINTR, EIO}},
  };
  return all;
}

/// A sanitizer's own calls are not to fail.
bool is_a_sanitizers(long call) {
  return kSanitized &&
         (call == SYS_mmap || call == SYS_madvise || call == SYS_openat || call == SYS_prlimit64);
}

void put_and_get(Scene& scene, Backing& backing) {
  Pages pages(150);
  for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
  std::vector<Place> places(pages.size());
  const std::vector<const std::byte*> from = pages.read();
  // What could not be taken is put again.
  scene.attempt("put", [&]() -> Result<void> {
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if (places[i] != Place::none) continue;
      std::size_t end = i;
      while (end < pages.size() && places[end] == Place::none) ++end;
      const auto put = backing.put({&from[i], end - i}, {&places[i], end - i});
      if (!put) return put;
    }
    return {};
  });
  Scene::expect(backing.statistics().pages == pages.size(), "another number of pages");
  Pages back(pages.size());
  std::reverse(places.begin(), places.end());
  scene.attempt("get", [&] { return backing.get(places, back.all()); });
  std::reverse(places.begin(), places.end());
  for (std::size_t i = 0; i < pages.size(); ++i) {
    Scene::expect(back.same(i, pages, pages.size() - 1 - i), "wrong bytes");
  }
  scene.attempt("get", [&] { return backing.get({&places[7], 2}, back.all().first(2)); });
  Scene::expect(back.same(0, pages, 7) && back.same(1, pages, 8), "wrong bytes of a block");
  for (const Place place : places) backing.drop(place);
  Scene::expect(backing.statistics().pages == 0, "pages are left");
}

using Make = std::function<Result<std::unique_ptr<Backing>>()>;

std::string body(const Make& make, const Refusing& refusing) {
  Scene scene(refusing);
  try {
    const auto backing = scene.attempt("make", make);
    put_and_get(scene, *backing);
  } catch (const Broken& broken) {
    return broken.how;
  }
  return "";
}

void refuse_each(const Make& make) {
  std::vector<long> calls;
  for (const Watched& one : watched()) {
    if (!is_a_sanitizers(one.call)) calls.push_back(one.call);
  }
  const auto run = [&](const Refusing& refusing) {
    return run_refused(calls, refusing, [&] { return body(make, refusing); });
  };
  const RunOutcome plain = run({});
  if (plain.calls.empty()) GTEST_SKIP() << "this kernel does not ask about system calls";
  ASSERT_TRUE(plain.is_well()) << plain.said << " (status " << plain.status << ")";
  std::map<long, std::uint64_t> seen;
  const std::size_t stride = kThreadSanitized ? 5 : 1;  // refused to one thread alone it is no race
  std::size_t tries = 0;
  for (const long call : plain.calls) {
    const std::uint64_t kth = ++seen[call];
    for (const Watched& one : watched()) {
      if (one.call != call) continue;
      for (const int error : one.errors) {
        if (tries++ % stride != 0) continue;
        const RunOutcome outcome = run({call, kth, error});
        EXPECT_TRUE(outcome.is_well())
            << "call " << call << ", the " << kth << "th: " << std::strerror(error) << ": "
            << outcome.said << " (status " << outcome.status << (outcome.hung ? ", hung)" : ")");
      }
    }
  }
}

TEST(RefusedBackings, AreASwapFileThatHoldsItsBytesWhicheverCallIsRefused) {
  refuse_each([] { return swap_file({.bytes = 1_MiB, .depth = 3}); });
}

TEST(RefusedBackings, AreASwapFileWithoutARing) {
  refuse_each([] {
    // Where no ring can be made, each transfer is a call that can be refused.
    const std::vector<Denied> denied{{SYS_io_uring_setup, EPERM}};
    static const bool done = deny(denied);
    (void)done;
    return swap_file({.bytes = 1_MiB, .depth = 3});
  });
}

TEST(RefusedBackings, AreCompressedMemoryBeforeASwapFile) {
  refuse_each([]() -> Result<std::unique_ptr<Backing>> {
    auto file = swap_file({.bytes = 1_MiB, .depth = 3});
    if (!file) return file;
    return compressed({.bytes = 1_MiB, .next = std::move(*file)});
  });
}

}  // namespace
}  // namespace cleave::detail
