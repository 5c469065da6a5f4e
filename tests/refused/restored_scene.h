// An arena that is restored a page at a time, under a kernel that refuses one call: each page is
// what its snapshot holds, or is not there and says so.
#pragma once

#include <csetjmp>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <cleave/arena.h>
#include <cleave/space.h>

#include "tests/refused/scene.h"
#include "tests/support/far_below.h"

namespace cleave::detail {

class RestoredScene {
 public:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kPages = 256;
  static constexpr std::uint64_t kBase = kFreePlace;

  RestoredScene(Scene& scene, const Pool& pool)
      : scene_(scene), now_(kPages), arena_(restored(prepared(pool))) {}

  void play() {
    for (std::size_t page = 0; page < 12; ++page) look(page);  // a hole, and what was there
    for (std::size_t page = 20; page < 30; ++page) write(page, 'a');
    const Commit first = commit();
    const Contents at_first = now_;
    fetch(40, 20);
    for (std::size_t page = 50; page < 70; page += 2) write(page, 'b');
    write(200, 'b');
    const Commit second = commit();
    const Contents at_second = now_;
    go_to(first, at_first);
    look(63);
    go_to(second, at_second);
    pin(90);
    fetch(0, kPages);
    (void)commit();  // the last page has come
    write(91, 'c');
    go_to(first, at_first);
  }

  /// However it ended.
  void check() {
    for (std::size_t page = 0; page < kPages; ++page) look(page);
  }

 private:
  using Contents = std::vector<unsigned char>;  // the first byte of each page

  static unsigned char kept(std::size_t page) {
    return page >= 8 && page < 120 ? static_cast<unsigned char>(page) : 0;
  }

  Snapshot prepared(const Pool& pool) {
    Space space = scene_.attempt("Space::create", [&] { return Space::create(pool); });
    scene_.attempt("map", [&] { return space.map_at(Address{kBase}, ByteCount{kPages * kPage}); });
    for (std::size_t page = 0; page < kPages; ++page) {
      now_[page] = kept(page);
      if (now_[page] == 0) continue;
      const std::vector<std::byte> bytes(kPage, std::byte(now_[page]));
      scene_.attempt("write", [&] { return space.write(Address{kBase + page * kPage}, bytes); });
    }
    return scene_.attempt("snapshot", [&] { return space.snapshot(); });
  }
  Arena restored(const Snapshot& from) {
    return scene_.attempt("Arena::restore", [&] { return Arena::restore(from); });
  }

  std::byte* at(std::size_t page) { return arena_.data() + page * kPage; }

  /// What a program does that can go on without the page: its handler was there before the arena.
  class Watching {
   public:
    Watching() {
      struct sigaction ours {};
      ours.sa_handler = [](int) { siglongjmp(back_, 1); };
      ours.sa_flags = SA_NODEFER;
      (void)sigaction(SIGBUS, &ours, &before_);
    }
    ~Watching() { (void)sigaction(SIGBUS, &before_, nullptr); }
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;

    static inline sigjmp_buf back_;

   private:
    struct sigaction before_ {};
  };

  /// At the second time, if need be; never another byte. Whoever touches a page for the first time
  /// gets it, or SIGBUS.
  template <class Touch>
  void touch(std::size_t page, Touch touch) {
    if (sigsetjmp(Watching::back_, 0) == 0) return touch();
    if (sigsetjmp(Watching::back_, 0) == 0) return touch();  // one call alone is refused
    if (scene_.refusing().from_then_on) throw GivenUp{};
    throw Broken{"page " + std::to_string(page) + " does not come"};
  }
  void look(std::size_t page) {
    touch(page, [&] {
      for (const std::size_t byte : {std::size_t{0}, kPage - 1}) {
        const auto here = static_cast<volatile unsigned char&>(
            *reinterpret_cast<unsigned char*>(at(page) + byte));
        Scene::expect(here == (byte == 0 ? now_[page] : kept(page)),
                      "a wrong byte in page " + std::to_string(page));
      }
    });
  }
  void write(std::size_t page, char what) {
    touch(page, [&] { *static_cast<volatile std::byte*>(at(page)) = std::byte(what); });
    now_[page] = static_cast<unsigned char>(what);
  }
  void fetch(std::size_t page, std::size_t pages) {
    (void)scene_.attempt("fetch", [&] { return arena_.fetch(at(page), pages * kPage); });
  }
  void pin(std::size_t page) {
    const ArenaPin pin =
        scene_.attempt("pin", [&] { return arena_.pin(at(page), kPage, PinAccess::write); });
    pin.memory()[0] = std::byte{'p'};
    now_[page] = 'p';
  }
  Commit commit() {
    return scene_.attempt("commit", [&] { return arena_.commit(); });
  }
  void go_to(const Commit& target, const Contents& expected) {
    scene_.attempt("checkout", [&] { return arena_.checkout(target); });
    now_ = expected;
  }

  Scene& scene_;
  Contents now_;
  const Watching watching_;
  Arena arena_;
};

}  // namespace cleave::detail
