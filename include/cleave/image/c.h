// Commits of a repository whose pages come when they are touched, for C. Of the library
// cleave-image. What cleave/c.h says of handles, errors, NULL, threads and fork(2) holds here too.
//
// A store is opened and given to lazy images, which take it over, also where the call fails. What
// is pushed is pushed by C++, Python or `cleave image push`.
#ifndef CLEAVE_IMAGE_C_H
#define CLEAVE_IMAGE_C_H

#include <stddef.h>
#include <stdint.h>

#include <cleave/c.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && __GNUC__ >= 4
#pragma GCC visibility push(default)
#endif

typedef struct cleave_image_store cleave_image_store;  ///< where a repository lies
typedef struct cleave_lazy_images cleave_lazy_images;  ///< a repository, and a pool of its pages
typedef struct cleave_lazy cleave_lazy;  ///< a space or an arena whose pages come from there

/// Names a commit: the SHA-256 of what it says of itself.
typedef struct cleave_image_id {
  unsigned char bytes[32];  ///< the hash
} cleave_image_id;

/// A store in a folder, which has to be there. Errors: bad_argument (NULL), io, no_memory.
cleave_image_store* cleave_directory_store_open(const char* path, cleave_error* error);
/// Of one that was given to nothing. NULL: nothing.
void cleave_image_store_release(cleave_image_store* store);

/// For cleave_lazy_images_options.
enum {
  /// Readers take no lease: nothing is written to the store, and a collector may take what a ref
  /// leads to no longer.
  CLEAVE_LAZY_NO_LEASE = 1
};

/// Zeroes are the defaults, but for `size` and `memory`.
typedef struct cleave_lazy_images_options {
  size_t size;           ///< set by the caller: sizeof(cleave_lazy_images_options)
  uint64_t memory;       ///< bytes of the pool; pages that were only read can go, and come again
  cleave_backing* next;  ///< where pages go that were written, given away; NULL: they stay
  uint64_t pages;        ///< of images, at most, at a time: to 2^32 - 1; 0: 2^22
  uint32_t flags;        ///< of the above
} cleave_lazy_images_options;

/// Takes `store` over, and the options' `next`, also where it fails; but where their `size` ends
/// before `next`, or is over 4096, that is not looked at, and stays the caller's.
/// One thread at a time; what is made from it may outlive it. Cost: the index of each pack is read.
/// Errors: bad_argument (NULL; a size, flag or field unknown here; pages), not_mapped (there is no
/// repository), io, no_memory, unsupported.
cleave_lazy_images* cleave_lazy_images_open(cleave_image_store* store,
                                            const cleave_lazy_images_options* options,
                                            cleave_error* error);
/// NULL: nothing.
void cleave_lazy_images_release(cleave_lazy_images* images);
/// The commit that a ref names, or that `text` is the id of, in 64 digits. Errors: bad_argument
/// (NULL), not_mapped (no such ref), io, no_memory.
cleave_code cleave_lazy_images_resolve(cleave_lazy_images* images, const char* text,
                                       cleave_image_id* id, cleave_error* error);

/// A space that holds the commit. No page is read: it comes when it is touched first, and is
/// compared with its hash before any thread sees it. One that cannot be had is an error of that
/// access, io, with its address, again and again until it can. Cost: some ns a page; with a lease,
/// a swap of the store's root. Errors: bad_argument (NULL; what the commit says of itself does not
/// hold), io (something is lacking), no_memory, unsupported.
cleave_lazy* cleave_lazy_checkout(cleave_lazy_images* images, const cleave_image_id* commit,
                                  cleave_error* error);

/// Zeroes are the defaults, but for `size`.
typedef struct cleave_lazy_arena_options {
  size_t size;  ///< set by the caller: sizeof(cleave_lazy_arena_options)
  /// As for others, but: `at` is not looked at, `joins` is NULL, the tracking automatic or async.
  /// NULL: the defaults.
  const cleave_arena_options* arena;
  uint64_t patience;  ///< ms that a thread waits for a page before SIGBUS; 0: a minute
} cleave_lazy_arena_options;

/// An arena that holds the commit, at the address where it was; see cleave_arena_restore().
/// `options` may be NULL. Errors: as cleave_lazy_checkout(), cleave_arena_restore(), and
/// not_permitted (words of it lead to modules that are not there, or elsewhere: `what` says so).
cleave_lazy* cleave_lazy_checkout_arena(cleave_lazy_images* images, const cleave_image_id* commit,
                                        const cleave_lazy_arena_options* options,
                                        cleave_error* error);

/// The space, which is the handle's: it ends with that, and is not released. NULL: it is an arena.
cleave_space* cleave_lazy_space(cleave_lazy* lazy);
/// The arena, likewise. NULL: it is a space.
cleave_arena* cleave_lazy_arena(cleave_lazy* lazy);
/// Where the program's own root lies, as who pushed it said; 0: nowhere.
cleave_address cleave_lazy_root(const cleave_lazy* lazy);

/// Fetches the pages that cleave_lazy_remember() has recorded for this commit, wherever that was
/// called: at once, in the order in which they lie there. `came`: how many; it may be NULL. Errors:
/// bad_argument (NULL), io, no_memory, not_permitted.
cleave_code cleave_lazy_recall(cleave_lazy* lazy, uint64_t* came, cleave_error* error);
/// Records in the repository which pages were touched here. `touched`: how many; it may be NULL.
/// Errors: as cleave_lazy_recall().
cleave_code cleave_lazy_remember(cleave_lazy* lazy, uint64_t* touched, cleave_error* error);
/// Fetches all that is not here yet, for a thread beside the program's, which comes first. `came`:
/// how many; it may be NULL. Errors: as cleave_lazy_recall().
cleave_code cleave_lazy_complete(cleave_lazy* lazy, uint64_t* came, cleave_error* error);
/// Has cleave_lazy_complete() end soon, in whichever thread, now and from now on.
void cleave_lazy_stop(cleave_lazy* lazy);
/// How many pages the commit has that are not zero, and how many were fetched. Places may be NULL.
void cleave_lazy_progress(const cleave_lazy* lazy, uint64_t* pages, uint64_t* had);
/// No other thread may be in a call with it. What was made from its space or arena may outlive it.
/// NULL: nothing.
void cleave_lazy_release(cleave_lazy* lazy);

#if defined(__GNUC__) && __GNUC__ >= 4
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
