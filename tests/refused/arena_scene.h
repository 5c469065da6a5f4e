// Arenas under a kernel that refuses one call: what they hold is compared with a plain copy.
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <cleave/arena.h>
#include <cleave/heap.h>

#include "arena/track/registry.h"
#include "tests/refused/scene.h"

namespace cleave::detail {

class ArenaScene {
 public:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kPages = 512;
  static constexpr std::size_t kApart = 31;
  using Contents = std::vector<unsigned char>;  // the first byte of each page

  ArenaScene(Scene& scene, const Pool& pool, const ArenaOptions& options)
      : ArenaScene(scene, options, scene.attempt("Arena::create", [&] {
          return Arena::create(pool, kPages * kPage, options);
        })) {}

  /// Of memory that exists, and is the process's own before and after.
  static void play_taken_over(Scene& scene, const Pool& pool, const ArenaOptions& options) {
    alignas(kPage) static std::array<std::byte, kPages * kPage> memory;
    const auto at = [](std::size_t page) -> std::byte& { return memory[page * kPage]; };
    for (std::size_t page = 0; page < kPages; ++page) at(page) = std::byte{0};
    at(7) = at(200) = std::byte{'x'};
    const auto expect_as_before = [&] {
      for (std::size_t page = 0; page < kPages; ++page) {
        const bool written = page == 7 || page == 200;
        Scene::expect(at(page) == (written ? std::byte{'x'} : std::byte{0}),
                      "taking over failed, and changed page " + std::to_string(page));
      }
      at(3) = std::byte{1};  // it can be written
      at(3) = std::byte{0};
    };
    Contents last;
    {
      ArenaScene arena(
          scene, options,
          scene.attempt(
              "Arena::take_over", [&] { return Arena::take_over(pool, memory, options); },
              expect_as_before));
      arena.now_[7] = arena.now_[200] = 'x';
      arena.check();
      try {
        arena.play();
      } catch (const GivenUp&) {
      }
      arena.check();
      last = arena.now_;
    }
    for (std::size_t page = 0; page < kPages; ++page) {
      Scene::expect(static_cast<unsigned char>(at(page)) == last[page],
                    "giving back changed page " + std::to_string(page));
      at(page) = std::byte{2};
    }
  }

  void play() {
    for (std::size_t page = 0; page < 40; page += 3) write(page, 'a');
    const Commit first = commit("first");
    const Contents at_first = now_;
    for (std::size_t page = 0; page < 40; page += 2) write(page, 'b');
    for (std::size_t page = 300; page < 320; ++page) write(page, 'b');
    const Commit second = commit("second");
    const Contents at_second = now_;

    for (std::size_t page = 1; page < 320; page += 17) write(page, 'c');
    checkout(first, at_first);  // gives the 20 pages back
    write(310, 'd');
    write(5, 'd');
    checkout(second, at_second);
    for (std::size_t page = 0; page < kPages; page += kApart) write(page, 'e');
    see_changes();
    revert(at_second);
    see_difference(first, second);
    pin_and_hold();
    const Commit third = commit("");
    const Contents at_third = now_;
    keep_a_heap();
    checkout(first, at_first);
    checkout(third, at_third);
  }

  /// Every page holds what was last written to it.
  void check() const { check(now_); }

 private:
  ArenaScene(Scene& scene, const ArenaOptions& options, Arena&& arena)
      : scene_(scene), arena_(std::move(arena)), now_(kPages) {
    check_choice(options);
  }

  std::byte& at(std::size_t page) { return arena_.data()[page * kPage]; }

  void write(std::size_t page, char what) {
    if (!notices()) arena_.mark_dirty(&at(page), 1);
    at(page) = std::byte(what);
    now_[page] = static_cast<unsigned char>(what);
  }
  bool notices() { return tracker_kind(arena_.statistics().tracking).notices; }

  void check(const Contents& expected) const {
    for (std::size_t page = 0; page < kPages; ++page) {
      const auto here = static_cast<unsigned char>(arena_.data()[page * kPage]);
      Scene::expect(here == expected[page], "a wrong byte in page " + std::to_string(page));
    }
  }

  // A shortage is no reason to be slow for good.
  void check_choice(const ArenaOptions& options) const {
    if (options.tracking != Tracking::automatic || !is_shortage(scene_.refusing().error)) return;
    static const bool async_works = true;
    Scene::expect(!async_works || arena_.statistics().tracking == Tracking::async ||
                      arena_.statistics().tracking == Tracking::sigbus,
                  "a shortage was taken for a missing feature: " + arena_.tracking_reason());
  }

  Commit commit(const char* name) {
    const Commit head = arena_.head();
    return scene_.attempt(
        "commit", [&] { return arena_.commit(name); },
        [&] {
          check();
          Scene::expect(arena_.head() == head, "a commit that failed moved the head");
          Scene::expect(*name == '\0' || !arena_.find(name), "a commit that failed has its name");
        });
  }
  void checkout(const Commit& target, const Contents& expected) {
    scene_.attempt(
        "checkout", [&] { return arena_.checkout(target); }, [&] { check(); });
    now_ = expected;
    check();
  }
  void revert(const Contents& expected) {
    scene_.attempt(
        "revert", [&] { return arena_.revert(); }, [&] { check(); });
    now_ = expected;
    check();
  }
  void see_changes() {
    std::vector<bool> seen(kPages);
    scene_.attempt("changes", [&] {
      return arena_.changes([&](std::span<const std::byte> run) {
        const auto from = static_cast<std::size_t>(run.data() - arena_.data()) / kPage;
        for (std::size_t i = 0; i < run.size() / kPage; ++i) seen[from + i] = true;
      });
    });
    for (std::size_t page = 0; page < kPages; page += kApart) {
      Scene::expect(seen[page], "changes() missed page " + std::to_string(page));
    }
  }
  void see_difference(const Commit& a, const Commit& b) {
    std::size_t pages = 0;
    scene_.attempt("diff", [&] {
      pages = 0;
      return arena_.diff(a, b,
                         [&](std::span<const std::byte> run) { pages += run.size() / kPage; });
    });
    Scene::expect(pages >= 40, "diff() found " + std::to_string(pages) + " pages");
  }
  void pin_and_hold() {
    const ArenaPin pin =
        scene_.attempt("pin", [&] { return arena_.pin(&at(40), kPage, PinAccess::write); });
    pin.memory()[0] = std::byte{'p'};
    now_[40] = 'p';
    const Hold hold = scene_.attempt("hold", [&] { return arena_.hold(&at(40), kPage); });
    write(40, 'q');
    std::byte held{};
    scene_.attempt("read of a hold",
                   [&] { return hold.read(hold.address(), std::span(&held, 1)); });
    Scene::expect(held == std::byte{'p'}, "the hold holds another byte");
  }
  void keep_a_heap() {
    constexpr std::size_t kFrom = 256;  // the upper half, whose contents are given up first
    if (!notices()) arena_.mark_dirty(&at(kFrom), (kPages - kFrom) * kPage);
    std::memset(&at(kFrom), 0, (kPages - kFrom) * kPage);
    const std::span<std::byte> memory(&at(kFrom), (kPages - kFrom) * kPage);
    const Noting noting(*this, kFrom);
    Heap heap = scene_.attempt("Heap::create", [&] { return Heap::create(memory); });
    std::memset(heap.allocate(5000), 'h', 5000);
    const Commit with_one = scene_.attempt("commit", [&] { return arena_.commit(); });
    if (!notices()) arena_.mark_dirty(&at(kFrom), (kPages - kFrom) * kPage);
    std::memset(heap.allocate(50'000), 'i', 50'000);
    scene_.attempt("checkout", [&] { return arena_.checkout(with_one); });
    Scene::expect(!heap.check(), "the heap is damaged");
    Scene::expect(heap.statistics().blocks == 1, "the heap has another number of blocks");
  }

  /// At its end, and however that comes, what the heap has left in its memory is what is there.
  class Noting {
   public:
    Noting(ArenaScene& scene, std::size_t from) : scene_(scene), from_(from) {}
    ~Noting() {
      for (std::size_t page = from_; page < kPages; ++page) {
        scene_.now_[page] = static_cast<unsigned char>(scene_.at(page));
      }
    }
    Noting(const Noting&) = delete;
    Noting& operator=(const Noting&) = delete;

   private:
    ArenaScene& scene_;
    std::size_t from_;
  };

  Scene& scene_;
  Arena arena_;
  Contents now_;
};

}  // namespace cleave::detail
