// A space: a mutable address space that forks in constant time.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <cleave/accessor.h>
#include <cleave/backing.h>
#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/function_ref.h>
#include <cleave/hold.h>
#include <cleave/pin.h>
#include <cleave/pool.h>
#include <cleave/region.h>
#include <cleave/snapshot.h>
#include <cleave/units.h>

namespace cleave {

namespace detail {
struct HandleAccess;
struct SpaceState;
}  // namespace detail

/// Sparse memory of up to 2^48 bytes in pages of 4 KiB. Any thread may call anything on a space at
/// any time, but for moving and destroying the handle itself. Threads that load and store a lot
/// make themselves an Accessor.
///
/// Lengths are rounded up to whole pages; addresses of regions must be page-aligned. An operation
/// that fails has changed nothing, unless its comment says otherwise.
///
/// A handle: movable. A moved-from space can be destroyed and assigned to; any other use stops the
/// program. In a child of fork(2) each call fails with not_permitted; see Pool.
class CLEAVE_API Space {
 public:
  /// An empty space, which keeps the pool. Error: no_memory.
  static Result<Space> create(const Pool& pool);

  /// Takes over what `other` is.
  Space(Space&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  /// Lets go of what this was, and takes over what `other` is.
  Space& operator=(Space&& other) noexcept;
  /// Cost: by what only this space held. Accessors keep the space alive until they are gone too.
  ~Space();

  /// Another handle for the same space, which lives until its last handle is gone: for who works on
  /// it beyond the caller's own handle, like I/O in flight. Any thread. No allocation.
  [[nodiscard]] Space share() const noexcept;
  /// Another handle for the pool that the space keeps. Any thread. No allocation.
  [[nodiscard]] Pool pool() const noexcept;

  // Regions. Each of these revokes the translations of all accessors: with accessors of other
  // threads, a membarrier. O(log n) in regions, plus what each comment says.

  /// Maps `size` bytes where there is room, and says where. Pages are absent: they read as zeroes
  /// and take no frame until written. Errors: bad_argument (zero or over 2^48), no_memory (no such
  /// gap; or none for a region).
  Result<Address> map(ByteCount size, Protection protection = Protection::read_write);
  /// The same at `at`. Errors: bad_argument (misaligned, zero, beyond 2^48), already_mapped,
  /// no_memory.
  Result<void> map_at(Address at, ByteCount size, Protection protection = Protection::read_write);
  /// Unmaps whatever is mapped there; holes are fine. Cost: by the pages freed. Errors:
  /// bad_argument, no_memory (splitting a region, or a node shared with another space).
  Result<void> unmap(Address at, ByteCount size);
  /// Errors: bad_argument, not_mapped (a hole in the range), no_memory. Cost: by regions, not by
  /// pages.
  Result<void> protect(Address at, ByteCount size, Protection protection);
  /// Makes the pages absent again, so that they read as zeroes; the regions stay. Errors:
  /// bad_argument, not_mapped (a hole), not_permitted (not writable), no_memory. Cost: by the pages
  /// freed.
  Result<void> discard(Address at, ByteCount size);

  /// Makes pages from `at` on what the pool's backing has at `places`, in that order; where one is
  /// `none` the page stays absent. Each is read when it is touched first, as any page that is away:
  /// so that memory can be had at once which a backing has from elsewhere (decision 0014). The
  /// places are the space's then, as if the pool had put them: it drops each when nothing needs it
  /// any more; of a call that fails they stay the caller's. Precondition: that backing made them,
  /// and each is named once. Protections count for nothing here. Cost: some 25 ns a page; nothing
  /// is read. Errors: bad_argument, not_mapped (a hole), already_mapped (where: the first page that
  /// has contents), no_memory (also: the pool holds as many pages as it can), unsupported (the pool
  /// has no backing).
  Result<void> adopt(Address at, std::span<const Backing::Place> places);

  /// Visits the regions in order of address, as they are at the call; none in a child of fork(2).
  /// `visit` may call the space.
  void for_each_region(function_ref<void(const Region&)> visit) const;

  // Contents. Each page is read or written in one step, as seen by forks; a call that covers
  // several pages is several steps. Between threads they are as memcpy: bytes that another thread
  // writes meanwhile are a data race. Accessor::load() and store() of aligned words are none.

  /// Errors: not_mapped, not_permitted (where: the first byte that cannot be read; those before it
  /// have been), bad_argument (beyond 2^48). No bytes inside a space: nothing happens.
  Result<void> read(Address from, std::span<std::byte> into) const;
  /// Whether the pages of the range are in memory, at this moment: reading them would wait for no
  /// backing then. For who must not wait, and would rather ask another thread. True of pages that
  /// are absent, or cannot be read. Cost: by the pages, some ns each; one lock.
  [[nodiscard]] bool is_in_memory(Address at, ByteCount bytes) const noexcept;
  /// Errors: as read(), and no_memory. `where` is the first byte not written; those before it are.
  Result<void> write(Address to, std::span<const std::byte> from);

  // Branching.

  /// A new space with the same contents and regions; from now on neither sees the other's writes.
  /// O(1): one reference on the table, one on the regions. Where pages are pinned, the child gets
  /// copies of exactly those, at their cost. A store by another thread is in both spaces, or it is
  /// ordered after the fork and in this one only. Error: no_memory.
  [[nodiscard]] Result<Space> fork();
  /// What the space holds now, for ever. Cost and error: as fork(); no_memory only if pages are
  /// pinned.
  [[nodiscard]] Result<Snapshot> snapshot();
  /// Makes contents and regions those of `snapshot`. Accessors stay attached. Cost: by what only
  /// this space held. Errors: bad_argument (a snapshot of another pool), pinned (where: the first
  /// such page: its owner and the device would no longer see the same memory).
  Result<void> rollback(const Snapshot& snapshot);

  // For devices.

  /// Coherent access: pins the pages of the range, all or none, and makes the space own them first,
  /// for reading too. See Pin. Errors: bad_argument (empty, beyond 2^48), not_mapped, not_permitted
  /// (writing needs read_write, reading needs read), no_memory, too_many_pins. On error some pages
  /// may have been copied, none is pinned.
  [[nodiscard]] Result<Pin> pin(Address at, ByteCount bytes, PinAccess access,
                                PinTerm term = PinTerm::short_term);
  /// Stable access: see Hold. Cost: by the nodes along the ends of the range and by what is pinned
  /// in it; the next write to each page held copies it. Errors: bad_argument (empty, beyond 2^48),
  /// not_mapped, not_permitted, no_memory.
  [[nodiscard]] Result<Hold> hold(Address at, ByteCount bytes);

  /// A handle for the calling thread's loads and stores. Error: no_memory.
  [[nodiscard]] Result<Accessor> accessor();

 private:
  friend struct detail::HandleAccess;
  explicit Space(detail::SpaceState* state) noexcept : state_(state) {}
  [[nodiscard]] CLEAVE_HIDDEN detail::SpaceState& state() const noexcept;

  detail::SpaceState* state_;
};

}  // namespace cleave
