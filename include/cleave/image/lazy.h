// Commits of a repository whose pages come when they are touched. Of the library cleave-image.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <utility>

#include <cleave/arena.h>
#include <cleave/backing.h>
#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/image/id.h>
#include <cleave/image/repository.h>
#include <cleave/image/store.h>
#include <cleave/pool.h>
#include <cleave/snapshot.h>
#include <cleave/space.h>
#include <cleave/units.h>

namespace cleave {

namespace detail::image {
class LazySource;
class Restored;
}  // namespace detail::image

/// How LazyImages are opened.
struct LazyOptions {
  /// What the pool may use: pages of images that were only read can go, and be had again, so that
  /// it may be less than the images are.
  ByteCount memory = 0;
  /// Where pages go that were written, when memory is short; its places are below 2^62, as those of
  /// the library's own are. None: they stay.
  std::unique_ptr<Backing> next = nullptr;
  /// How many pages of images there can be at a time; some 28 bytes of address space are taken for
  /// each at once. At most 2^32 - 1. Of a commit that is checked out, each node that names pages
  /// takes some 100 bytes, and each page 32 once its node was read: 34 bytes a page where all 64 of
  /// a node are there, 132 where one is. At most 2^26 nodes a commit.
  std::uint64_t pages = std::uint64_t{1} << 22;
  /// Whether readers take a lease in the repository, without which a collector may take what a
  /// ref leads to no longer. Without one nothing is written there: for a store that is only read.
  bool lease = true;
};

/// How far a commit that was checked out is here.
struct LazyProgress {
  std::uint64_t pages = 0;  ///< that are not zero
  std::uint64_t had = 0;    ///< of these, fetched at least once
};

/// A space that was checked out lazily, and what can be asked for beside it. Any thread may call
/// anything at any time, but for moving and destroying the handle. In a child of fork(2) what can
/// fail does, with not_permitted.
class CLEAVE_API LazyCheckout {
 public:
  LazyCheckout(LazyCheckout&&) noexcept;             ///< takes over what `other` is
  LazyCheckout& operator=(LazyCheckout&&) noexcept;  ///< the same
  /// What was made from the space may outlive it. The lease ends with the last page of the commit
  /// that anything needs: here, with the next checkout, or with the pool.
  ~LazyCheckout();

  /// It holds the commit. A page comes when it is touched first, from the frame that it lies in,
  /// and is compared with its hash before any thread sees it. What cannot be had is an error of
  /// that access, again and again until it can: io, with the page (`where`) and the commit's first
  /// digits, and what was the matter.
  [[nodiscard]] Space& space() { return space_; }
  /// The commit.
  [[nodiscard]] const ImageId& commit() const;
  /// What it says of itself.
  [[nodiscard]] const ImageRecord& record() const;

  /// Fetches the pages that remember() has recorded for this commit, wherever that was called: at
  /// once, in the order in which they lie there, and as far as there is free memory for them. None
  /// were recorded: 0. How many it brought. Other checkouts of the commit have them then, too: also
  /// those that were written here before, or are mapped no longer. Errors: io, no_memory.
  Result<std::uint64_t> recall();
  /// Records in the repository which pages were touched here or were recalled, for recall(): as
  /// the ref `touched/<commit>`, which is pulled and collected with the commit. A touch counts when
  /// the page comes from the store for it: not where complete() fetched it first, nor where the
  /// pool has it for another reason. How many there are. Errors: io, no_memory.
  Result<std::uint64_t> remember();
  /// Fetches all that is not here yet, for other checkouts of the commit, too, as far as there is
  /// free memory for it: nothing goes. For a thread beside the program's, which comes first. It
  /// ends when `stop` is requested; `told` is called now and then. How many it brought. Errors: io,
  /// no_memory.
  Result<std::uint64_t> complete(const std::stop_token& stop = {},
                                 const std::function<void(const LazyProgress&)>& told = {});
  /// How far it is.
  [[nodiscard]] LazyProgress progress() const;
  /// The commit as if it had been pushed from here: with it as PushOptions::since, a push of what
  /// the space becomes looks at what has changed, and fetches no page of the rest. At any time:
  /// what was written before has changed, too. The handle keeps what the space held at first, and
  /// so does this, as a snapshot. All nodes are read. Errors: io, no_memory.
  Result<PushedImage> pushed();

 private:
  friend class LazyArena;
  friend class LazyImages;
  CLEAVE_HIDDEN LazyCheckout(Space space, std::shared_ptr<const Pool> pool,
                             std::shared_ptr<detail::image::LazySource> source,
                             std::shared_ptr<detail::image::Restored> restored,
                             std::shared_ptr<const Snapshot> start);
  [[nodiscard]] CLEAVE_HIDDEN bool has_free_memory() const;

  Space space_;
  std::shared_ptr<const Pool> pool_;
  std::shared_ptr<detail::image::LazySource> source_;
  std::shared_ptr<detail::image::Restored> restored_;
  std::shared_ptr<const Snapshot> start_;  // what the space held at first
};

/// How an arena is checked out lazily.
struct LazyArenaOptions {
  ArenaOptions arena = {};  ///< see RestoreOptions::arena
  /// How long a thread waits for a page; see RestoreOptions::patience.
  std::chrono::milliseconds patience = std::chrono::minutes(1);
};

/// An arena that was checked out lazily, and what can be asked for beside it. As LazyCheckout.
class CLEAVE_API LazyArena {
 public:
  LazyArena(LazyArena&&) noexcept;             ///< takes over what `other` is
  LazyArena& operator=(LazyArena&&) noexcept;  ///< the same
  /// What the arena leaves, commits and pins, may outlive it; as ~LazyCheckout().
  ~LazyArena();

  /// It holds the commit, at its address, and stands at a commit of it that has its payload. A page
  /// comes when it is touched first, and is compared with its hash before; what cannot be had ends
  /// that access in SIGBUS: see Arena::restore(). Its pages take memory of their own, beside what
  /// the pool has of them.
  [[nodiscard]] Arena& arena() { return arena_; }
  /// The commit.
  [[nodiscard]] const ImageId& commit() const { return below_.commit(); }
  /// What it says of itself, as where the program's own root lies.
  [[nodiscard]] const ImageRecord& record() const { return below_.record(); }

  /// As LazyCheckout::recall(), into the arena: also what the pool has already.
  Result<std::uint64_t> recall();
  /// As LazyCheckout::remember().
  Result<std::uint64_t> remember() { return below_.remember(); }
  /// As LazyCheckout::complete(), into the arena: also what the pool has already, and zeroes that
  /// are not known to be some.
  Result<std::uint64_t> complete(const std::stop_token& stop = {},
                                 const std::function<void(const LazyProgress&)>& told = {});
  /// How far it is.
  [[nodiscard]] LazyProgress progress() const { return below_.progress(); }
  /// As LazyCheckout::pushed(), for pushes of the arena's commits.
  Result<PushedImage> pushed() { return below_.pushed(); }

 private:
  friend class LazyImages;
  CLEAVE_HIDDEN LazyArena(LazyCheckout below, Arena arena);
  CLEAVE_HIDDEN Result<bool> bring(PageNo page);

  LazyCheckout below_;  // ends last: then its lease does
  Arena arena_;
};

/// A repository, and a pool whose pages it has. A handle: movable; of one thread at a time. What is
/// made from it may outlive it. In a child of fork(2) each call fails with not_permitted.
class CLEAVE_API LazyImages {
 public:
  /// Errors: as Repository::open() and Pool::create().
  static Result<LazyImages> open(std::unique_ptr<ImageStore> store, LazyOptions options);

  /// Where all spaces are that it makes; a program may make others there.
  [[nodiscard]] const Pool& pool() const { return *pool_; }
  /// The commit that a ref names, or that `text` is the id of. Error: not_mapped.
  Result<ImageId> resolve(std::string_view text);
  /// A space that holds the commit. No page is read. While another checkout of it is held that was
  /// made here, it is a fork of what that held at first: they share one lease, pages that have
  /// come, progress() and what was touched; it costs next to nothing. Else, of its nodes, those
  /// that name pages (64 each) are read when the first of their pages is touched, if a ref names
  /// the commit and at most a fifth of what they can name is zeroes: then what is wrong with one,
  /// or lacking, is an error of that access. Otherwise they are read now, and looked for. Cost:
  /// some 25 ns a page (0.3 us if they are read now); with a lease, a swap of the store's root,
  /// here and when it ends. Errors: io (of the store; something is lacking), bad_argument (what the
  /// commit says of itself does not hold), no_memory (also: more pages than LazyOptions has room
  /// for), unsupported (more than 2^26 nodes that name pages).
  Result<LazyCheckout> checkout(const ImageId& commit);
  /// An arena that holds the commit, at the address where it was. Errors: as checkout(), and as
  /// Repository::checkout_arena() and Arena::restore(): unsupported where the kernel cannot.
  Result<LazyArena> checkout_arena(const ImageId& commit, const LazyArenaOptions& options = {});

 private:
  LazyImages(std::shared_ptr<detail::image::LazySource> source, std::shared_ptr<const Pool> pool)
      : source_(std::move(source)), pool_(std::move(pool)) {}

  std::shared_ptr<detail::image::LazySource> source_;
  std::shared_ptr<const Pool> pool_;
};

}  // namespace cleave
