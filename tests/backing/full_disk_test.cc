// A disk that is full, in the middle of a batch or before: an error, and what was taken is kept.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>
#include <cleave/must.h>

#include "tests/backing/behind.h"
#include "tests/backing/pages.h"
#include "tests/support/child.h"
#include "tests/support/failure.h"
#include "tests/support/temporary_folder.h"

namespace cleave::detail {
namespace {

using namespace cleave::literals;

/// A file system of `bytes` that the calling process alone sees, and that goes with it.
bool mount_small(const std::string& where, const char* bytes) {
  const uid_t user = getuid();
  if (unshare(user == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return false;
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return mount("cleave", where.c_str(), "tmpfs", 0, (std::string("size=") + bytes).c_str()) == 0;
}

/// Runs `body` in a child with such a file system of 1 MiB in the folder it is told.
void on_a_small_disk(const std::function<void(const std::string&)>& body) {
  const TemporaryFolder folder;
  const std::string where = folder.file("");
  EXPECT_TRUE(is_well(child([&] {
    if (mount_small(where, "1m")) body(where);
  })));
}

/// Makes a hole of the swap file, and puts another file into the room.
void take_its_room(const std::string& where) {
  const int behind = open_behind(where);
  (void)fallocate(behind, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 512 << 10);
  (void)close(behind);
  std::ofstream other(where + "/other");
  const std::string much(1 << 20, 'x');
  other << much << much;
  other.flush();
}

TEST(FullDisk, IsSaidWhenTheSwapFileIsMade) {
  on_a_small_disk([](const std::string& where) {
    const auto file = swap_file({.bytes = 4_MiB, .directory = where});
    if (file) return say("it was made");
    if (file.error().code != Errc::io || file.error().system != ENOSPC) {
      say("%s", file.error().what);
    }
  });
}

TEST(FullDisk, IsSaidOfThePagesThatItHasNoRoomFor) {
  on_a_small_disk([](const std::string& where) {
    const auto file = must(swap_file({.bytes = 512_KiB, .directory = where}));
    Pages pages(64);
    for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_randomly(i, i);
    std::vector<Place> places(pages.size());
    take_its_room(where);
    for (int again = 0; again < 3; ++again) {
      const auto put = file->put(pages.read(), places);
      if (put) return say("it was put");
      if (put.error().code != Errc::io || put.error().system != ENOSPC) {
        return say("%s", put.error().what);
      }
      if (std::count(places.begin(), places.end(), Place::none) != 64) return say("it has a place");
      if (file->statistics().pages != 0) return say("it counts");
    }
    (void)unlink((where + "/other").c_str());
    if (const auto put = file->put(pages.read(), places); !put) say("%s", put.error().what);
    Pages back(pages.size());
    must(file->get(places, back.all()));
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if (!back.same(i, pages, i)) say("page %zu is wrong", i);
    }
  });
}

TEST(FullDisk, LeavesInCompressedMemoryWhatCannotGoOn) {
  on_a_small_disk([](const std::string& where) {
    const auto memory = must(compressed(
        {.bytes = 1_MiB, .next = must(swap_file({.bytes = 512_KiB, .directory = where}))}));
    take_its_room(where);
    Pages pages(2000);
    for (std::size_t i = 0; i < pages.size(); ++i) pages.fill_loosely(i, i);
    std::vector<Place> places(pages.size());
    const auto put = memory->put(pages.read(), places);
    if (put) return say("it was put");
    if (put.error().system != ENOSPC) return say("%s", put.error().what);
    places.erase(std::find(places.begin(), places.end(), Place::none), places.end());
    if (places.empty()) return say("nothing was taken");
    Pages back(places.size());
    must(memory->get(places, back.all()));
    for (std::size_t i = 0; i < back.size(); ++i) {
      if (!back.same(i, pages, i)) say("page %zu is wrong", i);
    }
  });
}

}  // namespace
}  // namespace cleave::detail
