// Input and output between files and spaces, on io_uring.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/pool.h>
#include <cleave/space.h>
#include <cleave/units.h>

namespace cleave {

namespace detail {
class Engine;
}

/// Names a transfer until its completion has been taken. Never used twice by one ring.
enum class TransferId : std::uint64_t {};

/// What became of a transfer.
struct Completion {
  /// Which transfer.
  TransferId id;
  /// How many bytes, which is fewer than asked for only where a file that is read ended; or what
  /// stopped it, with `where` the first byte of the space that was not transferred. All bytes
  /// before that were; of those after it, up to RingOptions::depth blocks may have been, in whole
  /// or in part.
  Result<ByteCount> result;
};

/// What a file is to be given when others write to the space meanwhile.
enum class Consistency : std::uint8_t {
  /// The bytes of the moment of asking, by a Hold: writers copy away from it.
  stable,
  /// The bytes of the moment at which the device looks, by Pins: writers write in place. Pages are
  /// owned first, as by any pin: shared ones copied, absent ones given frames.
  coherent,
};

/// How a ring works; the defaults suit files on a local disk.
struct RingOptions {
  /// Whether to register the pool's memory with the kernel as requests come to use it, where the
  /// kernel and RLIMIT_MEMLOCK allow. trim() does not give back what is registered, while the ring
  /// lives.
  bool registered = true;
  /// How much of a transfer is pinned and asked for at a time: 4 KiB to 1 GiB, whole pages. It ends
  /// at multiples of itself in the file.
  ByteCount block = std::uint64_t{4} << 20;
  /// Blocks of one transfer in flight together: 1 to 64.
  unsigned depth = 4;
  /// Requests with the kernel together, of all transfers: 1 to 4096. Others wait for their turn, so
  /// where one transfer needs another to go on (both ends of a pipe), this must not be too small.
  unsigned requests = 256;
  /// No request asks for more at once. For tests, which want short transfers; a request past the
  /// page cache has 4 KiB at least.
  ByteCount most_bytes_per_request = std::uint64_t{1} << 30;
};

/// A queue of transfers between files and the spaces of one pool. Movable; used by one thread at a
/// time, which need not always be the same. Keeps the pool. A moved-from ring can be destroyed and
/// assigned to; any other use stops the program.
///
/// While a request is with the kernel, the pages that it names are pinned, or held. Spaces may be
/// destroyed, unmapped and forked meanwhile, and descriptors closed, since a transfer has handles
/// of its own: what is then read from a file goes into memory that no page refers to.
///
/// The memory of transfers comes from malloc when they are started; after that they need only what
/// pins need.
class CLEAVE_API Ring {
 public:
  /// Takes a file descriptor, and some 40 KiB that count against RLIMIT_MEMLOCK. Errors:
  /// unsupported (the kernel lacks io_uring, or a policy denies it; `what` says which), no_memory
  /// (RLIMIT_NOFILE, RLIMIT_MEMLOCK or memory), bad_argument (options out of range).
  static Result<Ring> create(const Pool& pool, RingOptions options = {});

  /// Takes over what `other` is.
  Ring(Ring&& other) noexcept : engine_(std::exchange(other.engine_, nullptr)) {}
  /// Ends what was here, as the destructor does, and takes over what `other` is.
  Ring& operator=(Ring&& other) noexcept;
  /// Cancels what is in flight, and waits until the kernel has let go of all memory. Completions
  /// not taken are lost. In a child of fork(2) it does nothing, and no call does more than fail.
  ~Ring();

  /// Starts reading `bytes` bytes at `offset` of the file into the space, with a Pin a block:
  /// whoever forks the space meanwhile gets, in the fork, what has arrived by then, and the rest
  /// arrives here. The offset means nothing to pipes and sockets. Errors: bad_argument (beyond
  /// 2^48, or beyond what a file can hold; a space of another pool), io (no open descriptor, or
  /// none left under RLIMIT_NOFILE: each transfer has one of its own), no_memory; nothing has
  /// started then. The completion's: io (`system` says why),
  /// cancelled, and those of Space::pin: not_mapped, not_permitted, no_memory, too_many_pins.
  [[nodiscard]] Result<TransferId> start_read(Space& space, Address to, int descriptor,
                                              std::uint64_t offset, ByteCount bytes);
  /// Starts writing the other way. Pages never written go out as zeroes. The file is not
  /// synchronized: call fdatasync() for that. A regular file does not grow past RLIMIT_FSIZE, as it
  /// is now: the completion says io (EFBIG) there, and no signal comes. Errors: as start_read(),
  /// and for a stable view those of Space::hold at once: not_mapped, not_permitted.
  [[nodiscard]] Result<TransferId> start_write(Space& space, Address from, int descriptor,
                                               std::uint64_t offset, ByteCount bytes,
                                               Consistency consistency = Consistency::stable);

  /// Goes on with all transfers, and gives a completion if there is one. Does not wait.
  [[nodiscard]] std::optional<Completion> poll();
  /// Waits for the next completion; nullopt if nothing is in flight.
  [[nodiscard]] std::optional<Completion> wait();
  /// Waits for this one. Precondition: started by this ring, and its completion not taken yet.
  /// Others' stay for poll() and wait().
  [[nodiscard]] Result<ByteCount> wait_for(TransferId id);

  /// Asks for a transfer to be given up. Its completion comes all the same, and says `cancelled`
  /// unless it was through already. False: no such transfer is in flight.
  bool cancel(TransferId id);

  /// Transfers whose completion has not been taken.
  [[nodiscard]] std::size_t in_flight() const;
  /// How much of the pool's memory is registered now. It grows as transfers come to extents of the
  /// pool (2 MiB each, more in pools over 32 GiB) that have memory throughout. Zero, still, after
  /// that: the kernel or RLIMIT_MEMLOCK refused, and each request names its memory anew.
  [[nodiscard]] ByteCount registered() const;

 private:
  explicit Ring(detail::Engine* engine) noexcept : engine_(engine) {}
  [[nodiscard]] CLEAVE_HIDDEN detail::Engine& engine() const noexcept;

  detail::Engine* engine_;
};

/// Reads `bytes` bytes at `offset` of the file into the space, and waits until they are there. How
/// many there were: fewer only where the file ended. Errors, and what has changed then: see
/// Ring::start_read and Completion.
CLEAVE_API Result<ByteCount> read_file(Ring& ring, Space& space, Address to, int descriptor,
                                       std::uint64_t offset, ByteCount bytes);

/// Writes `bytes` bytes of the space to `offset` of the file, and waits until the kernel has them.
/// Errors, and what has changed then: see Ring::start_write and Completion.
CLEAVE_API Result<ByteCount> write_file(Ring& ring, Space& space, Address from, int descriptor,
                                        std::uint64_t offset, ByteCount bytes,
                                        Consistency consistency = Consistency::stable);

}  // namespace cleave
