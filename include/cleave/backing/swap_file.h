// Pages of a pool in a file without a name. Of the library cleave-backing.
#pragma once

#include <memory>
#include <string>

#include <cleave/backing.h>
#include <cleave/units.h>

namespace cleave {

/// How a swap file is made.
struct SwapFileOptions {
  /// How large it is: what it can hold, and what it takes of the disk from the beginning. At least
  /// a page; a rest of less is left out.
  ByteCount bytes = 0;
  /// Where it lies. Empty: $TMPDIR, and where there is none /var/tmp. On a disk: in a file system
  /// of memory it would cost what it is to save.
  std::string directory = {};
  /// How many requests of 128 KiB are with the disk at a time, 1 to 256.
  unsigned depth = 32;
  /// Write all of it once, now. Else the first time that a part is used costs up to twice as much,
  /// and parts that were used before are preferred.
  bool write_at_open = false;
};

/// A file that no other program sees, and that goes with the process however it ends. Its space on
/// the disk is taken now, where the file system can; it is read and written past the page cache
/// (O_DIRECT), where it can, several requests at a time, where io_uring is allowed.
/// BackingStatistics says which.
///
/// Pages that are put together lie together, and are read together when they are asked for so. A
/// checksum a page, in memory, makes of wrong bytes an error. Takes 8 bytes of memory a page, and
/// depth times 128 KiB.
///
/// put(): io, also where the disk is full (ENOSPC) or a file may not be that large (EFBIG);
/// no_memory where the file is. get(): io, until the disk gives back what was put. Any thread. In a
/// child of fork(2) each call fails with not_permitted, and the end of the object does nothing.
///
/// Errors: bad_argument (bytes, depth, RLIMIT_FSIZE), io (the directory, or a disk that is full),
/// no_memory, unsupported.
CLEAVE_API Result<std::unique_ptr<Backing>> swap_file(const SwapFileOptions& options);

}  // namespace cleave
