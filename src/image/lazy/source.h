// Where the pages of a pool come from that is filled from a repository: what LazyImages, the spaces
// checked out, and the pool's backing share.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <span>

#include <cleave/backing.h>
#include <cleave/detail/atomic.h>

#include "image/lazy/restored.h"
#include "sync/bare_mutex.h"

namespace cleave::detail::image {

/// A place of the pool's backing that is a page of a commit: bit 62, which no other place has,
/// which commit, and the number of the page in it.
struct LazyPlace {
  std::uint32_t commit = 0;  // less than 2^30
  std::uint32_t page = 0;

  static constexpr std::uint64_t kMark = std::uint64_t{1} << 62;
  static bool is_one(Backing::Place place) { return (raw(place) & 3 * kMark) == kMark; }
  static bool is_free_for_others(Backing::Place place) { return raw(place) < kMark; }
  static LazyPlace of(Backing::Place place) {
    return {static_cast<std::uint32_t>((raw(place) & ~kMark) >> 32),
            static_cast<std::uint32_t>(raw(place))};
  }
  [[nodiscard]] Backing::Place place() const {
    return Backing::Place{kMark | std::uint64_t{commit} << 32 | page};
  }

 private:
  static std::uint64_t raw(Backing::Place place) { return static_cast<std::uint64_t>(place); }
};

class LazySource {
 public:
  LazySource(std::unique_ptr<ImageStore> store, std::uint64_t most_pages, bool leases)
      : most_pages_(most_pages), leases_(leases), repository_(std::move(store)) {}
  LazySource(const LazySource&) = delete;
  LazySource& operator=(const LazySource&) = delete;
  /// Ends all leases: the pool has gone.
  ~LazySource();

  [[nodiscard]] std::uint64_t most_pages() const noexcept { return most_pages_; }
  /// False in a child of fork(2), where another thread may have had the locks, and leases are the
  /// parent's.
  [[nodiscard]] bool is_here() const noexcept;

  /// `use(RepositoryState&)`, by one thread at a time; threads that wait for a page come first.
  template <class Use>
  auto with_repository(Use use) -> decltype(use(std::declval<RepositoryState&>())) {
    if (!is_here()) return elsewhere();
    return guarded([&] {
      const sync::BareGuard guard(reading_);
      return use(repository_);
    });
  }

  struct Added {
    std::uint32_t number = 0;
    std::shared_ptr<Restored> restored;
  };
  /// A commit to be restored, leased. Errors: as RepositoryState::lease(), no_memory.
  Result<Added> add(const ImageId& commit);
  /// One that is being restored, and has what its spaces hold at first; null where there is none.
  [[nodiscard]] std::shared_ptr<Restored> find_started(const ImageId& commit) noexcept;
  /// Ends the leases of what nothing needs any more.
  void sweep() noexcept;

  // For the backing: any thread.

  /// Errors: io, with the page and the commit.
  Result<void> fetch(LazyPlace place, std::byte* into);
  void drop(LazyPlace place) noexcept;

  /// While it lives, pages that the calling thread fetches are fetched ahead of need: they count as
  /// touched by nobody.
  class Ahead {
   public:
    Ahead() noexcept { ++depth(); }
    ~Ahead() { --depth(); }
    Ahead(const Ahead&) = delete;
    Ahead& operator=(const Ahead&) = delete;
    [[nodiscard]] static bool is_under_way() noexcept { return depth() != 0; }

   private:
    static unsigned& depth() noexcept;
  };
  /// Waits while threads want a page.
  void let_others() const noexcept;
  /// As Objects::announce().
  void announce(std::span<const ImageId> ids);
  /// Has these pages at hand, as Objects::read_ahead(); after threads that wait for one.
  std::size_t read_ahead(std::span<const ImageId> ids);

 private:
  static tl::unexpected<Error> elsewhere() noexcept;
  std::uint64_t pages_given();
  std::uint64_t all_given() const CLEAVE_REQUIRES(list_);
  [[nodiscard]] std::shared_ptr<Restored> find(std::uint32_t commit) noexcept;
  void end_lease(const Restored& restored) noexcept;

  const std::uint64_t most_pages_;
  const bool leases_;
  const pid_t process_ = current_process();
  static pid_t current_process() noexcept;

  sync::bare_mutex reading_;
  RepositoryState repository_ CLEAVE_GUARDED_BY(reading_);
  /// Threads that want a page now (relaxed: who fetches ahead waits while there are any).
  sync::atomic<unsigned> wanting_{0};

  /// Held for a few instructions.
  sync::bare_mutex list_;
  std::map<std::uint32_t, std::shared_ptr<Restored>> restored_ CLEAVE_GUARDED_BY(list_);
  std::uint32_t last_ CLEAVE_GUARDED_BY(list_) = 0;
};

}  // namespace cleave::detail::image
