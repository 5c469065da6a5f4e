// The backings of the library cleave-backing for C: a swap file, and pages compressed in memory.
// What cleave/c.h says of handles, errors, NULL, threads and fork(2) holds here too.
//
// A backing is made, perhaps given to another as its `next`, and given to a pool
// (cleave_pool_create_with_backing()). Who is given one takes it over, also where the call fails.
// From then on its statistics may be asked for until its pool's memory goes, and nothing else.
#ifndef CLEAVE_BACKING_C_H
#define CLEAVE_BACKING_C_H

#include <stddef.h>
#include <stdint.h>

#include <cleave/c.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && __GNUC__ >= 4
#pragma GCC visibility push(default)
#endif

// Swap files.

/// For cleave_swap_file_options.
enum {
  CLEAVE_SWAP_FILE_WRITE_AT_OPEN = 1  ///< write all of it once, now, so that no later write is slow
};

/// Zeroes are the defaults, but for `size` and `bytes`.
typedef struct cleave_swap_file_options {
  size_t size;            ///< set by the caller: sizeof(cleave_swap_file_options)
  uint64_t bytes;         ///< how large it is, taken from the disk now: a page to 16 TiB
  const char* directory;  ///< where it lies, on a disk; NULL, "": $TMPDIR, else /var/tmp
  uint32_t depth;         ///< requests of 128 KiB with the disk at a time, to 256; 0: 32
  uint32_t flags;         ///< of the above
} cleave_swap_file_options;

/// A file that no other program sees, and that goes with the process however it ends. Its space on
/// the disk is taken now, where the file system can; it is read and written past the page cache
/// (O_DIRECT), where it can, several requests at a time, where io_uring is allowed. Pages have a
/// checksum, so that wrong bytes are an error. Takes 8 bytes of memory a page, and depth times 128
/// KiB. The text of `directory` is copied. Errors: bad_argument (NULL, size, bytes, depth, a flag
/// or field unknown here, RLIMIT_FSIZE), io (the directory, or a disk that is full), no_memory,
/// unsupported.
cleave_backing* cleave_swap_file_open(const cleave_swap_file_options* options, cleave_error* error);

// Compressed memory.

/// Zeroes are the defaults, but for `size` and `bytes`.
typedef struct cleave_compressed_options {
  size_t size;     ///< set by the caller: sizeof(cleave_compressed_options)
  uint64_t bytes;  ///< how much memory it may take, all included: 1 MiB to 256 GiB
  /// How many pages there can be at most, those of the next backing included; each costs 24 bytes
  /// once it is used. 0: eight times as many as the bytes are pages, and as many as the next can
  /// hold; where that is too much, as many as half of the bytes can name.
  uint64_t pages;
} cleave_compressed_options;

/// Pages compressed by LZ4. What does not compress goes to `next`, and the oldest of the others
/// when the memory is full. `next` may be NULL, for none: then pages that do not compress are kept
/// as they are. Whether it is NULL because a call failed cannot be known here: look before. It is
/// taken over, also on failure. Errors: bad_argument (options that are NULL, size, bytes, pages, a
/// field unknown here), no_memory, unsupported.
cleave_backing* cleave_compressed_open(const cleave_compressed_options* options,
                                       cleave_backing* next, cleave_error* error);

// Both.

/// Ends a backing that was not given away. NULL: nothing.
void cleave_backing_release(cleave_backing* backing);

/// What a backing holds at one moment. Pages are of 4096 bytes.
typedef struct cleave_backing_statistics {
  size_t size;                ///< set by the caller: sizeof(cleave_backing_statistics)
  uint64_t pages;             ///< pages that it holds
  uint64_t capacity;          ///< pages that it can hold if none compresses
  uint64_t compressed_pages;  ///< of these, held compressed in memory
  uint64_t compressed_bytes;  ///< memory that they take
  uint64_t disk_bytes;        ///< what the rest takes of a disk
  uint64_t written;           ///< pages written to a disk, ever
  uint64_t read;              ///< pages read from a disk, ever
  uint32_t direct;            ///< 1: that disk is reached past the page cache (O_DIRECT)
  uint32_t ring;              ///< 1: requests to it go out several at a time (io_uring)
} cleave_backing_statistics;

/// Those of compressed memory have the figures of its next backing for what is on a disk. Error:
/// bad_argument (`size` is not set). A library that knows fewer figures sets the rest to 0.
cleave_code cleave_backing_get_statistics(const cleave_backing* backing,
                                          cleave_backing_statistics* into, cleave_error* error);

#if defined(__GNUC__) && __GNUC__ >= 4
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif  // CLEAVE_BACKING_C_H
