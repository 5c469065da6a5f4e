// Arenas that share a history, one of them of memory that exists, under a kernel that refuses one
// call: what they hold is compared with plain copies.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <cleave/arena.h>

#include "arena/track/registry.h"
#include "tests/refused/scene.h"

namespace cleave::detail {

class JointScene {
 public:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kPages = 64;

  JointScene(Scene& scene, const Pool& pool, const ArenaOptions& options)
      : scene_(scene), pool_(pool), options_(options) {
    for (std::size_t page = 0; page < kPages; ++page) {
      memory_[page * kPage] = now_[1][page] = page % 7 == 0 ? std::byte{'x'} : std::byte{};
    }
  }
  void play() {
    heap_.emplace(scene_.attempt("Arena::create",
                                 [&] { return Arena::create(pool_, kPages * kPage, options_); }));
    write(0, 3, 'a');
    const Commit alone = commit();
    write(0, 5, 'b');  // and is not committed when the other joins
    join(alone);
    write(0, 3, 'c');
    write(1, 7, 'c');
    const Commit first = commit();
    const All at_first = now_;
    for (std::size_t page = 0; page < 40; ++page) write(page % 2, page, 'd');
    const Commit second = commit();
    const All at_second = now_;
    write(1, 8, 'e');
    go_to(first, at_first);
    write(0, 9, 'f');
    go_to(second, at_second);
    end_the_second(first);
  }

  /// However it ended.
  void check() const { expect_all_as_it_is(); }

 private:
  using Contents = std::array<std::byte, kPages>;  // the first byte of each page
  using All = std::array<Contents, 2>;

  void join(const Commit& head) {
    ArenaOptions options = options_;
    options.joins = &*heap_;
    data_.emplace(scene_.attempt(
        "Arena::take_over", [&] { return Arena::take_over(pool_, memory_, options); },
        [&] {
          expect_all_as_it_is();
          Scene::expect(heap_->head() == head, "an arena that did not join has moved the head");
        }));
    expect_all_as_it_is();
  }

  void end_the_second(const Commit& first) {
    data_.reset();
    expect_all_as_it_is();
    const auto refused = heap_->checkout(first);
    Scene::expect(!refused && refused.error().code == Errc::not_mapped,
                  "a commit with memory of an arena that has ended is not refused");
    write(0, 1, 'g');
    (void)commit();
    write(1, 1, 'g');  // the process's own again
    const All here = now_;
    write(0, 2, 'h');
    scene_.attempt(
        "revert", [&] { return heap_->revert(); }, [&] { expect_all_as_it_is(); });
    now_ = here;
    expect_all_as_it_is();
  }

  Commit commit() {
    const Commit head = heap_->head();
    return scene_.attempt(
        "commit", [&] { return (data_ ? *data_ : *heap_).commit(); },
        [&] {
          expect_all_as_it_is();
          Scene::expect(heap_->head() == head, "a commit that failed moved the head");
        });
  }
  void go_to(const Commit& target, const All& expected) {
    const Commit head = heap_->head();
    scene_.attempt(
        "checkout", [&] { return heap_->checkout(target); },
        [&] {
          expect_all_as_it_is();
          Scene::expect(heap_->head() == head, "a checkout that failed moved the head");
        });
    now_ = expected;
    expect_all_as_it_is();
  }

  [[nodiscard]] std::byte& at(std::size_t which, std::size_t page) const {
    return (which == 0 ? heap_->data() : memory_.data())[page * kPage];
  }
  void write(std::size_t which, std::size_t page, char what) {
    std::optional<Arena>& arena = which == 0 ? heap_ : data_;
    if (arena && !tracker_kind(arena->statistics().tracking).notices) {
      arena->mark_dirty(&at(which, page), 1);
    }
    at(which, page) = std::byte(what);
    now_[which][page] = std::byte(what);
  }
  void expect_all_as_it_is() const {
    for (std::size_t which = heap_ ? 0 : 1; which < 2; ++which) {
      for (std::size_t page = 0; page < kPages; ++page) {
        Scene::expect(at(which, page) == now_[which][page],
                      "a wrong byte in page " + std::to_string(page) + " of " +
                          (which == 0 ? "the heap" : "what was taken over"));
      }
    }
  }

  alignas(kPage) static inline std::array<std::byte, kPages * kPage> memory_;
  Scene& scene_;
  const Pool& pool_;
  const ArenaOptions& options_;
  All now_{};
  std::optional<Arena> heap_;
  std::optional<Arena> data_;
};

}  // namespace cleave::detail
