// Where the pages of a pool are while they are not in its memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <cleave/detail/config.h>
#include <cleave/error.h>

namespace cleave {

/// What a backing holds at one moment. Pages are of 4096 bytes.
struct BackingStatistics {
  std::uint64_t pages = 0;             ///< pages that it holds
  std::uint64_t capacity = 0;          ///< pages that it can hold if none compresses
  std::uint64_t compressed_pages = 0;  ///< of these, held compressed in memory
  std::uint64_t compressed_bytes = 0;  ///< memory that they take
  std::uint64_t disk_bytes = 0;        ///< what the rest takes of a disk
  std::uint64_t written = 0;           ///< pages written to a disk, ever
  std::uint64_t read = 0;              ///< pages read from a disk, ever
  bool direct = false;                 ///< that disk is reached past the page cache (O_DIRECT)
  bool ring = false;                   ///< requests to it go out several at a time (io_uring)
};

/// Takes pages that a pool has no memory for, and gives them back (Pool::create). Implementations
/// come with the library cleave-backing, and a program may bring its own. A pool calls put() from
/// one thread at a time; get(), drop() and statistics() from any thread, put() or not. None of them
/// may call into the pool.
class CLEAVE_API Backing {
 public:
  /// Where a page is. Chosen by the backing, and known to it alone.
  enum class Place : std::uint64_t { none = 0 };

  Backing() = default;
  Backing(const Backing&) = delete;
  Backing& operator=(const Backing&) = delete;
  virtual ~Backing();

  /// How many pages it can be asked to hold at one time: more are never put. Constant.
  [[nodiscard]] virtual std::uint64_t most_pages() const noexcept = 0;

  /// Takes `pages`, 4096 bytes each, which do not change meanwhile. `places`, as many, says where
  /// each of them is from then on; `none` where it was not taken. Returns when all that was taken
  /// can be had again. Errors, of the first page that was not taken: no_memory (it is full; `what`
  /// names the limit), io (the disk refused, or is full). Takes no memory that it did not reserve,
  /// as far as it can: memory is what there is least of when it is called.
  virtual Result<void> put(std::span<const std::byte* const> pages, std::span<Place> places) = 0;

  /// Fills `into`, 4096 bytes each, with the pages at `places`, which stay there. Error: io (it
  /// could not be read, or is not what was put); then nothing that was filled counts. May be tried
  /// again.
  virtual Result<void> get(std::span<const Place> places, std::span<std::byte* const> into) = 0;

  /// Lets go of a page. Waits for no other call but for some instructions, takes no memory, and
  /// cannot fail.
  virtual void drop(Place place) noexcept = 0;

  /// What it holds now.
  [[nodiscard]] virtual BackingStatistics statistics() const noexcept = 0;
};

}  // namespace cleave
