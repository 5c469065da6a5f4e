// The pool: the memory of all spaces.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>

#include <cleave/backing.h>
#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/units.h>

namespace cleave {

namespace detail {
class Frames;
struct HandleAccess;
}  // namespace detail

/// What a pool holds at one moment. The first five after `budget` add up to it, in frames. While
/// other threads work, the moment is not quite the same for each figure.
struct PoolStatistics {
  std::uint64_t budget;     ///< frames that the pool may use
  std::uint64_t used;       ///< named by a space, snapshot or hold, or pinned
  std::uint64_t free;       ///< with memory behind them, given back by spaces
  std::uint64_t ready;      ///< with memory behind them, never used
  std::uint64_t returned;   ///< their memory was given back to the kernel
  std::uint64_t untouched;  ///< the kernel has never been asked for their memory

  std::uint64_t nodes;      ///< table nodes alive
  std::uint64_t regions;    ///< region nodes alive
  std::uint64_t spaces;     ///< spaces alive
  std::uint64_t accessors;  ///< accessors alive

  std::uint64_t short_pins;  ///< pages pinned now, for one operation
  std::uint64_t long_pins;   ///< pages pinned now, for as long as the holder likes

  std::uint64_t copies;  ///< pages copied because they were shared, ever
  std::uint64_t zeroed;  ///< absent pages given a frame, ever

  // With a backing:
  std::uint64_t away;  ///< pages whose bytes are in the backing alone, beside the budget
  std::uint64_t went;  ///< pages that went to the backing, ever
  std::uint64_t came;  ///< pages that came back, ever
  /// Pages whose bytes are those of another page, and take no memory: `used`, `away` and `merged`
  /// are all pages that there are.
  std::uint64_t merged;

  /// What a frame takes beside its 4096 bytes, for good.
  std::uint64_t metadata_bytes_per_frame;
};

/// When memory is reclaimed in the background, in bytes that are free. Pages that threads take
/// while it is under way come out of `low`: the faster they take them, the more it should be.
struct ReclaimMarks {
  /// It begins when less is free. 0: a 32nd of the budget.
  ByteCount low = 0;
  /// It ends when as much is. 0: twice `low`, at most the budget.
  ByteCount high = 0;
};

/// What Pool::merge() did, in pages.
struct MergeReport {
  std::uint64_t looked_at;  ///< in memory, and not pinned
  std::uint64_t changed;    ///< of these, new or changed since they were looked at last: left alone
  std::uint64_t merged;     ///< of the others, became one with an equal page: their memory is free
};

/// Frames shared by any number of spaces and snapshots, up to a budget. A handle: movable, used by
/// any thread. The memory goes with the last of the handle and all that was made from it, in
/// whatever order. A moved-from handle can be destroyed and assigned to; any other use stops the
/// program.
///
/// fork(2): the child has none of the memory, whatever other threads were about at that moment.
/// Each call on the pool, or on anything made from it, fails with not_permitted there; one that has
/// no error to give gives nothing: no region, no commit, zeroes. What never changes (addresses,
/// sizes, names, a snapshot's regions) is still told. Handles can be copied and moved; their ends
/// free nothing, and touch nothing of the parent's. What the child makes for itself works as
/// everywhere. A view or a pin leads to memory that is not there: access ends in SIGSEGV.
/// docs/howto/fork.md has the patterns.
class CLEAVE_API Pool {
 public:
  /// A pool that may use up to `budget` bytes (rounded down to pages) for frames. Takes address
  /// space now (the budget, and 12 bytes of data a frame), a file descriptor, four mappings, and
  /// memory as it is needed; table nodes and handles come on top, from malloc. Errors: bad_argument
  /// (no whole page, 16 TiB and more, or more than RLIMIT_FSIZE: the memory is a file), no_memory
  /// (RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_DATA, vm.max_map_count: `what` names the limit), unsupported
  /// (the kernel lacks memfd_create, or a policy denies a call).
  static Result<Pool> create(ByteCount budget);
  /// The same with a backing, which takes pages that there is no memory for: spaces, snapshots,
  /// holds and commits may then have as many pages more as the backing can hold. Whatever touches a
  /// page that is away waits until it is back, and fails with io where the backing cannot give it:
  /// that access alone, and again and again until it can. Pages that are pinned, or looked at by a
  /// view, stay. 17 bytes a page more than without. Errors: the same.
  static Result<Pool> create(ByteCount budget, std::unique_ptr<Backing> backing);

  /// Whether pages can be away from memory, so that who touches one may have to wait. It never
  /// changes, and a child of fork(2) is told, too. Any thread. Cost: a load.
  [[nodiscard]] bool has_backing() const noexcept;

  /// Has pages worth `bytes` go to the backing now, those first that were not used for longest;
  /// what became free. Zero without a backing.
  ByteCount evict(ByteCount bytes) noexcept;

  /// Background reclaim, on the calling thread until `stop` is requested: whenever less memory is
  /// free than `marks` say, pages go, those first that were not used for longest. So others seldom
  /// wait for it (direct reclaim), which they still do where it falls behind. As in
  ///
  ///     std::jthread reclaim([&pool](std::stop_token stop) { must(pool.reclaim(stop)); });
  ///
  /// Where the backing takes no more it waits for the next page that is taken, and tries again;
  /// what there is to say of that, the operation says that finds no memory. The pool lives at least
  /// as long. Errors, at once: bad_argument (marks), already_exists (a thread does it already),
  /// unsupported (no backing), not_permitted (in a child of fork(2): its parent goes on, and it has
  /// no such thread).
  Result<void> reclaim(const std::stop_token& stop, const ReclaimMarks& marks = {}) noexcept;
  /// The same on a thread of the library's own, which handles no signal and ends with the pool's
  /// memory. Errors: the same, no_memory (RLIMIT_NPROC), and unsupported where a policy forbids
  /// threads.
  Result<void> start_reclaim(const ReclaimMarks& marks = {}) noexcept;
  /// Ends that thread; returns when it has ended. No thread: nothing.
  void stop_reclaim() noexcept;

  /// Looks at pages worth `bytes`, from where the last call stopped and once round at most, and
  /// makes one of those that are equal, whoever's they are: spaces', snapshots', holds' or
  /// commits'. No thread notices but by the memory that becomes free: who writes to such a page
  /// gets a copy of its own first, and so does who pins it. Pages that have changed since the
  /// last look are left alone, so that the first round merges nothing; pinned pages always are.
  /// The pool needs a backing, for then a page can lie elsewhere than where it was made. For a
  /// thread of the program's own, while others work. Cost: some 0.7 us a page that is looked at,
  /// 0.5 us more for one that is merged, and a membarrier for 256 of these, after which accessors
  /// look up again what they remembered; 28 bytes a page from the first call on. Errors:
  /// no_memory (for these), unsupported (no backing), not_permitted (in a child of fork(2)).
  Result<MergeReport> merge(ByteCount bytes) noexcept;

  /// Takes over what `other` is.
  Pool(Pool&& other) noexcept : frames_(std::exchange(other.frames_, nullptr)) {}
  /// Lets go of what this was, and takes over what `other` is.
  Pool& operator=(Pool&& other) noexcept;
  ~Pool();

  /// Sees to it that `bytes` can be written without waiting for the kernel: provides memory for
  /// what is not free already (about 1 us a page). Errors: no_memory (budget or machine; what could
  /// be provided stays provided), not_permitted (in a child of fork(2)).
  Result<void> reserve(ByteCount bytes);

  /// Gives the memory of free frames back to the kernel; the number of bytes. They are taken again
  /// when needed, at the kernel's price. Errors: no_memory, unsupported; nothing is lost then.
  Result<ByteCount> trim();

  /// What the pool holds now; zeroes in a child of fork(2). Cost: a lock and some loads.
  [[nodiscard]] PoolStatistics statistics() const noexcept;

 private:
  friend struct detail::HandleAccess;
  explicit Pool(detail::Frames* frames) noexcept : frames_(frames) {}
  [[nodiscard]] CLEAVE_HIDDEN detail::Frames& state() const noexcept;

  detail::Frames* frames_;
};

}  // namespace cleave
