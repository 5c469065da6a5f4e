// An arena: native memory that commits and checks out like a working tree.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <cleave/arena_pin.h>
#include <cleave/commit.h>
#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/function_ref.h>
#include <cleave/hold.h>
#include <cleave/pool.h>
#include <cleave/snapshot.h>
#include <cleave/tracking.h>
#include <cleave/units.h>

namespace cleave {

class Arena;
namespace detail {
class ArenaState;
}

/// How an arena is made; the defaults work everywhere.
struct ArenaOptions {
  /// Where the memory is to lie, page-aligned; nullptr: where there is room. Pointers into the
  /// arena that are kept elsewhere, in a file say, need an address that is the same in every run.
  void* at = nullptr;
  /// How changed pages are found.
  Tracking tracking = Tracking::automatic;
  /// Whether system calls may write into memory that is neither pinned nor marked dirty, as read(2)
  /// into a buffer in the arena does. If not, `automatic` may use `sigbus` where that is faster, at
  /// any commit; such a system call then fails with EFAULT, and no thread that writes may block
  /// SIGBUS (see Tracking).
  bool system_calls_write = true;
  /// Makes the memory read-only while a commit runs, and inaccessible while a checkout does, so
  /// that a thread that breaks the rule below is stopped, with its address named on standard error
  /// (without a word if it blocks SIGSEGV). Needs a handler of SIGSEGV, as long as the arena lives,
  /// and mprotect(2). Dear: 50 to 80 ms for each GiB in use (`cleave bench debugging`). For
  /// debugging.
  bool catch_writers = false;
  /// Refuses a commit and a checkout (not_permitted, and a line on standard error that names thread
  /// and address) while another thread waits on a mutex, condition variable or the like in the
  /// memory, is in a system call that will write there, has its stack there, or holds a robust
  /// mutex there. Without it such a thread may wait for ever afterwards. What a thread does that
  /// runs at that moment is not known. Needs /proc, get_robust_list(2) and process_vm_readv(2).
  /// Dear: 10 us for each thread. For debugging.
  bool catch_waiters = false;
  /// Compares, at each commit and checkout, the pages that tracking reports as unchanged with what
  /// they are to hold. One that differs, because software tracking was not told, or for one of the
  /// reasons that docs/explanation/arena.md lists, is an error (not_permitted, where: the page) and
  /// counts as changed from then on. Dear: 90 ms for each GiB in use. For debugging.
  bool catch_unseen = false;
  /// An arena whose history this one is to share, however it is made; nullptr: it has one of its
  /// own. From then on a commit of either has what both hold at that moment, and a checkout makes
  /// both what they were then, or neither: see Arena. Any number of arenas may join one history,
  /// each with a tracking and other options of its own. Used only by the call that it is given to.
  const Arena* joins = nullptr;
};

/// How an arena is restored from a snapshot.
struct RestoreOptions {
  /// As for others, but: `at` is not looked at, `joins` is null, and `tracking` automatic or async.
  ArenaOptions arena = {};
  /// What the snapshot is, for who reads that a page of it could not be had.
  std::string_view name = "a snapshot";
  /// That of the first commit; at most kMostPayload.
  std::span<const std::byte> payload = {};
  /// How long a thread waits for a page that it has touched, before the access ends in SIGBUS: for
  /// where whoever has the page neither gives it nor says that it cannot.
  std::chrono::milliseconds patience = std::chrono::minutes(1);
};

/// What an arena has done and keeps. Pages, unless it says otherwise.
struct ArenaStatistics {
  Tracking tracking;         ///< what finds changed pages now
  std::uint64_t commits;     ///< made so far
  std::uint64_t living;      ///< commits alive
  std::uint64_t recorded;    ///< pages written to the pool, ever
  std::uint64_t restored;    ///< pages written back by checkouts, ever
  std::uint64_t short_pins;  ///< alive, for one operation
  std::uint64_t long_pins;   ///< alive, for as long as the holder likes
};

/// Memory for ordinary pointers, threads and system calls, whose whole contents can be committed,
/// and made again what they were at any commit, at a cost that follows the pages that differ, not
/// the size. One branch stands in the arena at a time, at one address.
///
/// Arenas may share one history (ArenaOptions::joins): a library's data, a heap and a table, say,
/// that mean nothing apart. What one of them commits, checks out, reverts, names, finds, forgets,
/// visits, or tells of changes and differences is of all; memory(), pins, holds, mark_dirty() and
/// the rest of the statistics are its own. An arena joins with a commit that has what it holds, and
/// of the others what head() has; what has changed in those since stays uncommitted. So commit
/// before or after, where that is to be one moment. One that ends leaves its contents in the
/// commits that it was in. A commit is checked out as a whole or not at all: one that knows nothing
/// of an arena's memory, since it is older, or that has memory of an arena that has ended, is
/// refused.
///
/// Its memory is a file of its own, not the pool's; the pool holds what commits remember. A page
/// that was ever written and committed so takes twice its size, as in any working tree.
///
/// Threads. Any thread may read and write the memory. While commit(), hold() and changes() run, no
/// thread may write to it; while checkout() and revert() run, no thread may touch it; neither may a
/// system call that is under way on its behalf. Devices that write through a pin may go on. Quiesce
/// helps to bring threads to rest. The functions themselves may be called from any thread; they
/// take turns.
///
/// fork(2): the child has no view of the arena, whatever other threads were about. Access to the
/// memory ends in SIGSEGV there, each call fails with not_permitted, find() and parent() find
/// nothing, statistics are zeroes, and head() is still told; see Pool. The parent goes on
/// undisturbed.
///
/// The program may protect the memory (mprotect(2)) and advise the kernel on it; Tracking says what
/// becomes of protections. It must not unmap, move or map over it, nor map it a second time: then
/// commit(), checkout(), revert(), changes() and hold() fail, not_mapped or already_mapped, where:
/// the first byte of what is gone. What must not lie in it: docs/explanation/outside.md.
class CLEAVE_API Arena {
 public:
  /// `size` bytes (rounded up to pages) of zeroes, and a first commit of those. Takes address space
  /// now (twice the size, and 4 MiB), five mappings, a file descriptor, and memory as pages are
  /// written; a second descriptor for a moment, and see Tracking. Keeps the pool. Errors:
  /// bad_argument (zero, over 64 TiB, more than RLIMIT_FSIZE, misaligned, or no address that a
  /// process can have), already_mapped (something lies at `at`), no_memory (RLIMIT_NOFILE,
  /// RLIMIT_AS, vm.max_map_count: `what` names the limit), unsupported (the tracking that was asked
  /// for does not work here, or an option needs what a policy denies; `what` says why. `automatic`
  /// finds a tracking that works; it takes no shortage for a reason to be slower). Where it joins
  /// another, also not_permitted (in a child of fork(2), or in a visit of changes()) and
  /// bad_argument (that one keeps its commits in another pool); the other is as it was then.
  static Result<Arena> create(const Pool& pool, ByteCount size, ArenaOptions options = {});

  /// An arena of memory that exists, at its own address, with a first commit of what it holds: a
  /// library's data, another allocator's memory, a block of mmap(2). Private memory of this process
  /// in whole pages; its protections stay, page by page, executable ones too, and zeroes that were
  /// never touched stay untouched. No other mapping can come in between. While it is taken over,
  /// and while the arena ends, no other thread may write to it.
  ///
  /// When the arena ends, the memory stays, with what it holds and the protections that it has, as
  /// the process's own; read-only pages may be writable then, if `mprotect` tracked them. What
  /// mlock(2) and madvise(2) had asked for it is forgotten. Not for memory that this library's own
  /// data lies in. As of any arena, a child of fork(2) has none of it.
  ///
  /// Takes address space (the size, and 4 MiB), a mapping for each run of pages of one protection,
  /// three others, and twice the memory that was touched. Cost: a copy of what was touched; before
  /// Linux 6.7, also a look at 8 bytes of the kernel's for each page that was not. Errors, and the
  /// memory is as it was: bad_argument (empty, not
  /// whole pages; shared or an arena's, where: its first byte; this thread's stack; `at` is another
  /// address), not_mapped (where: a gap), unsupported (also: no /proc; a page cannot be read), and
  /// as create().
  static Result<Arena> take_over(const Pool& pool, std::span<std::byte> memory,
                                 ArenaOptions options = {});

  /// An arena that holds what `from` does, at the addresses that it has there, and stands at a
  /// commit of that: at once, whatever its size, since a page comes when it is touched first.
  /// `from` has one region, readable and writable, and its pool keeps the commits; where that has a
  /// backing, pages may be away, as those are that Space::adopt() names.
  ///
  /// A touch of a page that is missing is a SIGBUS, which a handler of the library's answers when a
  /// thread of the library's has put the page in place, whole. A page that cannot be had leaves the
  /// signal to the program, with a line on standard error that names page, `options.name` and what
  /// was the matter; a later touch tries again. Nothing reads as zeroes for want of its page, while
  /// the program closes no descriptors but its own (closefrom(3)), and no thread waits for longer
  /// than `options.patience`. So threads must not block SIGBUS,
  /// their stacks do not lie in there, and handlers of theirs for it pass on (Tracking). A system
  /// call that comes to a page which neither fetch(), pin() or mark_dirty() has asked for, nor the
  /// program has touched, fails with EFAULT, whoever is privileged; while pages are missing, that
  /// is true of pages of zeroes between them, too. Commits, checkouts, diffs and holds need none of
  /// them: what was not touched has not changed.
  ///
  /// The thread that fetches may wait for what a thread that waits for it has: so what it needs,
  /// malloc above all, must not lie in the arena. When all pages are there, the next commit or
  /// checkout ends what this costs.
  ///
  /// Takes as create(), one more descriptor for all such arenas, a thread, and mappings where holes
  /// lie between its pages, 8,192 at most. Cost: a walk of its nodes, some ns a page. Errors: as
  /// create(), and bad_argument (its regions, `joins`, the payload), no_memory (also RLIMIT_NPROC),
  /// unsupported (Linux before 6.7, or no userfaultfd: restore all of it at once; no threads).
  static Result<Arena> restore(const Snapshot& from, const RestoreOptions& options = {});

  /// Takes over what `other` is.
  Arena(Arena&& other) noexcept;
  /// Lets go of what this was, and takes over what `other` is.
  Arena& operator=(Arena&& other) noexcept;
  /// Commits, pins and holds may outlive it; the memory goes with the last pin, or is the process's
  /// own again (see take_over()). Names go with the last arena of the history.
  ~Arena();

  /// The first byte; the same for as long as the arena lives.
  [[nodiscard]] std::byte* data() const;
  /// Whole pages.
  [[nodiscard]] ByteCount size() const;
  /// All of it: size() bytes from data() on.
  [[nodiscard]] std::span<std::byte> memory() const { return {data(), size().value}; }
  /// Whether `address` lies in the memory.
  [[nodiscard]] bool contains(const void* address) const;

  /// Remembers the contents. With a name, the arena keeps the commit until forget(). `payload` is
  /// copied, and the commit gives it back: what goes back with the memory and is none of it, such
  /// as registers, seeds and offsets of files. Cost: about 1 us for each page changed since the
  /// commit that the arena stands at, and finding those (see Tracking). Errors: no_memory (the
  /// pool's budget: nothing is lost, drop commits and try again), bad_argument (more than
  /// kMostPayload), already_exists (the name is taken), not_permitted (in a child of fork(2), or in
  /// a visit of changes()), unsupported (a policy has taken away what the tracking needs; nothing
  /// is lost), io (the program has closed a descriptor of the arena's own).
  [[nodiscard]] Result<Commit> commit(std::string_view name = {},
                                      std::span<const std::byte> payload = {});

  /// Makes the contents those of `commit`, back, forth or across branches; the arena then stands
  /// there. Cost: by the pages that differ; in a pool with a backing, memory for as many, for a
  /// moment. Errors, and nothing has changed: bad_argument (a commit of another history), pinned
  /// (where: the first page that is pinned for writing and would change), not_mapped (where: memory
  /// of an arena that joined after the commit, or has ended since), io and too_many_pins (a page
  /// cannot be brought), not_permitted, no_memory and unsupported (of the tracking, as commit()).
  Result<void> checkout(const Commit& commit);
  /// Gives up what changed since the commit that the arena stands at: checkout(head()).
  Result<void> revert();

  /// The commit that the arena stands at.
  [[nodiscard]] Commit head() const;
  /// The commit that the arena keeps by this name, if there is one.
  [[nodiscard]] std::optional<Commit> find(std::string_view name) const;
  /// Lets go of a name. The commit ends with its last handle. False: there is no such name.
  bool forget(std::string_view name);
  /// Visits all living commits, each after its parent; `depth` counts from the first. `visit` may
  /// call the arena. Errors: no_memory, not_permitted; nothing was visited.
  Result<void> for_each_commit(function_ref<void(const Commit&, unsigned depth)> visit) const;

  /// Calls `visit` for each run of pages that may have changed since head(), in order of address. A
  /// page that was written with what it held counts, unless it is written in nearly every epoch.
  /// `visit` may ask head(), find() and statistics(), mark bytes dirty and release pins; other
  /// calls on this arena fail with not_permitted, and those of other threads wait. It may throw,
  /// but not leave by longjmp(3): see function_ref. Errors: not_permitted, no_memory, unsupported.
  Result<void> changes(function_ref<void(std::span<const std::byte>)> visit);
  /// Calls `visit` for each run of pages in which two commits differ, as addresses in this arena.
  /// Errors: bad_argument (a commit of another arena), not_permitted.
  Result<void> diff(const Commit& a, const Commit& b,
                    function_ref<void(std::span<const std::byte>)> visit) const;

  /// Says that these bytes are about to be written. `software` needs it for every write; with
  /// `sigbus` and `mprotect` it spares the fault and lets system calls write there, until the next
  /// commit, checkout, hold or changes(). With any tracking it is needed before
  /// madvise(MADV_REMOVE), too. Precondition: inside the arena. Any thread that may write now;
  /// safe in a signal handler, where a handler that blocks the tracking's signal needs it. A few ns
  /// a page with `software` and `async`.
  void mark_dirty(const void* at, ByteCount bytes) noexcept;
  /// The same of the pages that a bitmap names, such as the kernel writes for KVM_GET_DIRTY_LOG:
  /// bit b of word w means page 64 w + b, counted from `first`, which is a page's first byte. What
  /// was written through device_view() can be told of afterwards, until the next commit(),
  /// checkout(), hold() or changes(). Precondition: pages whose bits are set lie inside the arena.
  /// Threads and cost as above, and a look at each word.
  void mark_dirty(const void* first, std::span<const std::uint64_t> bitmap) noexcept;

  /// The same bytes at a second address, for a device that finds out by itself which pages it has
  /// written, as a virtual machine's dirty log does: no write there faults or is refused, and none
  /// is tracked. So each page that was written must be told of by mark_dirty() before the next
  /// commit(), checkout(), hold() or changes(); else it counts as unchanged. It promises nothing of
  /// what a pin does: the device must rest when threads have to, a checkout changes what it sees,
  /// and the memory goes with the arena. A device that uses it by system calls, as a guest's
  /// processor does, needs its pages in place: fetch() all of a restored arena first. Not there in
  /// a child of fork(2). Cost: none.
  [[nodiscard]] std::span<std::byte> device_view() const;

  /// Of an arena that restore() made: puts pages of these bytes in place which are missing, so that
  /// system calls may use them all; how many came. On the calling thread; any, at any time. Cost:
  /// what it takes to get each, and 1 us. Errors: bad_argument (not inside the arena, empty),
  /// not_permitted (in a child of fork(2)), and of the first page that cannot be had, with `where`:
  /// io, no_memory, too_many_pins. Of others: 0.
  Result<std::uint64_t> fetch(const void* at, ByteCount bytes);
  /// How many pages are missing. In a child of fork(2): 0.
  [[nodiscard]] std::uint64_t missing() const;

  /// Memory that a device may use while commits are made: the same bytes at another address, which
  /// system calls can always write to. Pages that are missing are fetched. What is pinned for
  /// writing counts as changed at every commit and once more after its release, and no checkout may
  /// change it. Errors: bad_argument (not inside the arena, empty), no_memory, not_permitted, and
  /// as fetch().
  [[nodiscard]] Result<ArenaPin> pin(const void* at, ByteCount bytes, PinAccess access,
                                     PinTerm term = PinTerm::short_term);
  /// What the bytes are now, for good, whatever is written later. Errors: as pin(). Cost: copies
  /// the changed pages of the range.
  [[nodiscard]] Result<Hold> hold(const void* at, ByteCount bytes);

  /// Cost: a lock, and a look at each pin.
  [[nodiscard]] ArenaStatistics statistics() const;
  /// What tracks changes, and why it does: what was tried before and did not work here.
  [[nodiscard]] std::string tracking_reason() const;

 private:
  CLEAVE_HIDDEN explicit Arena(std::shared_ptr<detail::ArenaState> state);
  CLEAVE_HIDDEN static const detail::ArenaState* joined_by(const ArenaOptions& options);
  [[nodiscard]] CLEAVE_HIDDEN detail::ArenaState& state() const;

  std::shared_ptr<detail::ArenaState> state_;
};

}  // namespace cleave
