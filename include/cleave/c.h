// cleave for C, and for every language that can call C: branchable memory, as in the C++ headers.
//
// Handles. A function that makes something gives a handle, or NULL and says why in `error`. Each
// handle ends with the `_release` function of its type, once; NULL is let by. A handle keeps what
// it needs: the memory of a pool, for one, goes when the pool and everything made from it are
// released, in whatever order. Only a view is released before what it was made from.
//
// Errors. A function that does something gives CLEAVE_OK, which is 0, or what went wrong. Those
// that take an `error` set it at every call, unless it is NULL. What failed has changed nothing,
// unless its comment says otherwise, and has not written to its other results. Each comment names
// the codes by their reason. A broken precondition, like a handle used after its release, may end
// the program.
//
// NULL. Where a function needs a handle, a visitor or a place for a result, NULL is bad_argument; a
// function without an `error` then gives 0, NULL or "", or does nothing, as free(NULL) does. Memory
// of no bytes may be NULL. What no library can know is not looked at: a pointer to memory that is
// not there, or shorter than it was said to be; a handle of another type, or released.
//
// Threads. Any thread may use any handle at any time, several threads one handle too. But no thread
// may use a handle while, or after, it is released; an accessor belongs to the thread that made it;
// and an arena asks for quiet during some of its operations.
//
// Callbacks are called before the function returns, by the same thread, with the `context` that was
// given. They must return normally: neither by longjmp nor by an exception.
//
// fork(2): the child has no view of the memory. There each call on what was made before fails with
// CLEAVE_NOT_PERMITTED, or gives nothing where it has no error to give, and handles can be
// released. What the child makes for itself works.
#ifndef CLEAVE_C_H
#define CLEAVE_C_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && __GNUC__ >= 4
#pragma GCC visibility push(default)
#endif

#define CLEAVE_VERSION_MAJOR 0  ///< of the headers: 0 until the interface is promised to last
#define CLEAVE_VERSION_MINOR 1  ///< of the headers: another may break what was there
#define CLEAVE_VERSION_PATCH 0  ///< of the headers: another breaks nothing

/// The version of the library that is running, as in "0.1.0".
const char* cleave_version(void);

typedef struct cleave_pool cleave_pool;  ///< memory of spaces, and of what arenas remember
typedef struct cleave_backing
    cleave_backing;  ///< where pages of a pool are that it has no memory for (cleave/backing/c.h)
typedef struct cleave_space cleave_space;        ///< sparse memory that forks in constant time
typedef struct cleave_snapshot cleave_snapshot;  ///< what a space held at one moment
typedef struct cleave_accessor cleave_accessor;  ///< a thread's way to load and store in a space
typedef struct cleave_pin cleave_pin;    ///< pages that a device may use: coherent, and never moved
typedef struct cleave_hold cleave_hold;  ///< what a range was when the hold was taken
typedef struct cleave_view cleave_view;  ///< bytes of a snapshot or a hold, where they lie
typedef struct cleave_arena
    cleave_arena;  ///< memory for ordinary pointers that commits and checks out
typedef struct cleave_commit cleave_commit;  ///< what an arena held at one moment
typedef struct cleave_heap cleave_heap;      ///< an allocator whose state lies in what it hands out

/// A byte's place in a space: 0 to 2^48 - 1. In an arena's commits, the byte's address in the
/// arena.
typedef uint64_t cleave_address;

// Errors.

/// What a function that does something gives: CLEAVE_OK, or what kind of thing went wrong.
typedef int cleave_code;
/// The codes.
enum {
  CLEAVE_OK = 0,
  CLEAVE_NO_MEMORY = 1,       ///< the pool's budget, memory or a limit of the process is used up
  CLEAVE_NOT_MAPPED = 2,      ///< no region covers the address
  CLEAVE_ALREADY_MAPPED = 3,  ///< a region, or a mapping of the process, is there already
  CLEAVE_NOT_PERMITTED = 4,   ///< a protection forbids it; or a child of fork(2), or a visit, asks
  CLEAVE_BAD_ARGUMENT = 5,    ///< misaligned, empty, out of range, NULL, of another pool or arena
  CLEAVE_PINNED = 6,          ///< a page in the range is pinned, and would have to change or move
  CLEAVE_TOO_MANY_PINS = 7,   ///< a page has as many pins as can be counted
  CLEAVE_UNSUPPORTED = 8,     ///< the kernel lacks what the operation needs, or a policy denies it
  CLEAVE_IO = 9,              ///< a file or device refused
  CLEAVE_CANCELLED = 10,      ///< the caller asked for the operation to be given up
  CLEAVE_ALREADY_EXISTS = 11  ///< the name is taken
};

/// What went wrong, where, and what to do next.
typedef struct cleave_error {
  cleave_code code;      ///< what kind of thing; CLEAVE_OK: nothing
  int system;            ///< the kernel's errno where a system call failed; else 0
  cleave_address where;  ///< the first byte that could not be served; 0: no address is at issue
  const char* what;  ///< what happened and what to do about it; never freed. NULL with CLEAVE_OK
} cleave_error;

/// As in "no_memory"; "ok"; "unknown" for what is no code.
const char* cleave_code_name(cleave_code code);

/// Writes one line for a person, code, text, address and the system's word for errno, ended by a
/// NUL, as far as `size` bytes hold it. The length of the whole line, as snprintf() gives it.
size_t cleave_error_message(const cleave_error* error, char* into, size_t size);

// Pools: the memory of spaces, and of what arenas remember.

/// A pool that may use up to `budget` bytes (rounded down to pages of 4 KiB). Takes address space
/// now (the budget, and 12 bytes of data a frame), a file descriptor, four mappings, and memory as
/// it is needed. Errors: bad_argument (no whole page, 16 TiB and more, or more than RLIMIT_FSIZE),
/// no_memory (RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_DATA, vm.max_map_count: `what` names the limit),
/// unsupported.
cleave_pool* cleave_pool_create(uint64_t budget, cleave_error* error);
/// The same with a backing, which takes pages that there is no memory for: spaces, snapshots, holds
/// and commits may then have as many pages more as the backing can hold. Whatever touches a page
/// that is away waits until it is back, and fails with io where the backing cannot give it: that
/// access alone, and again and again until it can. Pages that are pinned, or looked at by a view,
/// stay. 17 bytes a page more than without.
///
/// The pool takes the backing over, also where it fails, and ends it with its memory: release it
/// neither before nor after, and give it to one pool only. A backing that is a program's own, in
/// C++, is a cleave::Backing* made by new, cast to this. Errors: as cleave_pool_create(), and
/// bad_argument (a backing that is NULL: look at the error of the call that was to open it).
cleave_pool* cleave_pool_create_with_backing(uint64_t budget, cleave_backing* backing,
                                             cleave_error* error);
/// The memory goes now, or with the last handle of what was made from the pool.
void cleave_pool_release(cleave_pool* pool);

/// Sees to it that `bytes` can be written without waiting for the kernel. About 1 us a page. Error:
/// no_memory; what could be provided stays provided.
cleave_code cleave_pool_reserve(cleave_pool* pool, uint64_t bytes, cleave_error* error);
/// Gives the memory of free frames back to the kernel; `*returned`, unless NULL, is how many bytes.
/// They are taken again when needed. Errors: no_memory, unsupported; nothing is lost then.
cleave_code cleave_pool_trim(cleave_pool* pool, uint64_t* returned, cleave_error* error);

/// Whether the pool has a backing: 1, or 0. It never changes. NULL: 0.
int cleave_pool_has_backing(const cleave_pool* pool);
/// Has pages worth `bytes` go to the backing now, those first that were not used for longest;
/// `*freed`, unless NULL, is how many bytes became free: fewer than were asked for where the
/// backing takes no more or the rest is pinned, 0 without a backing. Error: not_permitted.
cleave_code cleave_pool_evict(cleave_pool* pool, uint64_t bytes, uint64_t* freed,
                              cleave_error* error);

/// Looks at pages worth `bytes`, from where the last call stopped, and makes one of those that are
/// equal; `*merged`, unless NULL, is how many became one with another. The first look at a page
/// merges nothing, and pages that change between looks are left alone. Errors: no_memory,
/// unsupported (no backing), not_permitted.
cleave_code cleave_pool_merge(cleave_pool* pool, uint64_t bytes, uint64_t* merged,
                              cleave_error* error);

/// Background reclaim, on a thread of the library's own, which handles no signal and ends with the
/// pool's memory: whenever less than `low` bytes are free, pages go until `high` are, so that other
/// threads seldom wait for it. 0: a 32nd of the budget, and twice `low`. A thread of the program's
/// own may call cleave_pool_evict() instead. Errors: bad_argument (not whole pages, low above high,
/// high above the budget), already_exists (it runs already), unsupported (no backing), no_memory
/// (RLIMIT_NPROC), not_permitted.
cleave_code cleave_pool_start_reclaim(cleave_pool* pool, uint64_t low, uint64_t high,
                                      cleave_error* error);
/// Ends it; returns when the thread has ended. NULL, or no thread: nothing.
void cleave_pool_stop_reclaim(cleave_pool* pool);

/// Frames are pages of memory. The first five add up to `budget`.
typedef struct cleave_pool_statistics {
  size_t size;          ///< set by the caller: sizeof(cleave_pool_statistics)
  uint64_t budget;      ///< frames that the pool may use
  uint64_t used;        ///< named by some space or snapshot
  uint64_t free;        ///< with memory behind them, given back by spaces
  uint64_t ready;       ///< with memory behind them, never used
  uint64_t returned;    ///< their memory was given back to the kernel
  uint64_t untouched;   ///< the kernel has never been asked for their memory
  uint64_t nodes;       ///< table nodes alive
  uint64_t regions;     ///< region nodes alive
  uint64_t spaces;      ///< spaces alive
  uint64_t accessors;   ///< accessors alive
  uint64_t short_pins;  ///< pages pinned now, for one operation
  uint64_t long_pins;   ///< pages pinned now, for as long as the holder likes
  uint64_t copies;      ///< pages copied because they were shared, ever
  uint64_t zeroed;      ///< absent pages given a frame, ever
  uint64_t away;        ///< pages whose bytes are in the backing alone, beside the budget
  uint64_t went;        ///< pages that went to the backing, ever
  uint64_t came;        ///< pages that came back, ever
  uint64_t merged;      ///< pages whose bytes are another's, which take no memory
} cleave_pool_statistics;

/// While other threads work, the moment is not quite the same for each figure. Error: bad_argument
/// (`size` is not set). A library that knows fewer figures sets the rest to 0.
cleave_code cleave_pool_get_statistics(const cleave_pool* pool, cleave_pool_statistics* into,
                                       cleave_error* error);

// Spaces: sparse memory of up to 2^48 bytes in pages of 4 KiB, which forks in constant time.
//
// Lengths are rounded up to whole pages; addresses of regions must be multiples of 4096.

/// What a region allows; each allows what those before it allow.
typedef int cleave_protection;
enum { CLEAVE_NONE = 0, CLEAVE_READ = 1, CLEAVE_READ_WRITE = 2 };

/// An empty space. Error: no_memory.
cleave_space* cleave_space_create(cleave_pool* pool, cleave_error* error);
/// Cost: by what only this space held. Its accessors keep the space alive until they are released
/// too.
void cleave_space_release(cleave_space* space);

/// Maps `bytes` where there is room, and says where in `*at`. Pages are absent: they read as zeroes
/// and take no memory until written. Errors: bad_argument (zero, over 2^48, no protection),
/// no_memory (no such gap; or none for a region).
cleave_code cleave_space_map(cleave_space* space, uint64_t bytes, cleave_protection protection,
                             cleave_address* at, cleave_error* error);
/// The same at `at`. Errors: bad_argument, already_mapped, no_memory.
cleave_code cleave_space_map_at(cleave_space* space, cleave_address at, uint64_t bytes,
                                cleave_protection protection, cleave_error* error);
/// Unmaps whatever is mapped there; holes are fine. Cost: by the pages freed. Errors: bad_argument,
/// no_memory (splitting a region, or a node shared with another space).
cleave_code cleave_space_unmap(cleave_space* space, cleave_address at, uint64_t bytes,
                               cleave_error* error);
/// Errors: bad_argument, not_mapped (a hole in the range), no_memory. Cost: by regions, not by
/// pages.
cleave_code cleave_space_protect(cleave_space* space, cleave_address at, uint64_t bytes,
                                 cleave_protection protection, cleave_error* error);
/// Makes the pages absent again, so that they read as zeroes; the regions stay. Errors:
/// bad_argument, not_mapped (a hole), not_permitted (not writable), no_memory. Cost: by the pages
/// freed.
cleave_code cleave_space_discard(cleave_space* space, cleave_address at, uint64_t bytes,
                                 cleave_error* error);

/// Is called for a region.
typedef void (*cleave_visit_region)(void* context, cleave_address at, uint64_t bytes,
                                    cleave_protection protection);
/// In order of address, as they are at the call. Neighbours with the same protection are one
/// region.
void cleave_space_for_each_region(const cleave_space* space, cleave_visit_region visit,
                                  void* context);

/// Errors: not_mapped, not_permitted (where: the first byte that cannot be read; those before it
/// have been), bad_argument (beyond 2^48). Each page is read in one step, as seen by forks.
cleave_code cleave_space_read(const cleave_space* space, cleave_address from, void* into,
                              size_t bytes, cleave_error* error);
/// Errors: as cleave_space_read(), and no_memory. `where` is the first byte not written; those
/// before it are.
cleave_code cleave_space_write(cleave_space* space, cleave_address to, const void* from,
                               size_t bytes, cleave_error* error);

/// A new space with the same contents and regions; from now on neither sees the other's writes.
/// Cost: constant, but where pages are pinned, the child gets copies of exactly those. Error:
/// no_memory.
cleave_space* cleave_space_fork(cleave_space* space, cleave_error* error);
/// What the space holds now, for ever. Cost: as cleave_space_fork(). Error: no_memory.
cleave_snapshot* cleave_space_snapshot(cleave_space* space, cleave_error* error);
/// Makes contents and regions those of `snapshot`. Accessors stay attached. Cost: by what only this
/// space held. Errors: bad_argument (a snapshot of another pool), pinned (where: the first such
/// page).
cleave_code cleave_space_rollback(cleave_space* space, const cleave_snapshot* snapshot,
                                  cleave_error* error);

/// What a device will do with a pinned page: read it (the page goes out) or write to it (it comes
/// in).
typedef int cleave_access;
enum { CLEAVE_PIN_READ = 0, CLEAVE_PIN_WRITE = 1 };
/// How long a pin is meant to last; counted apart in the pool's statistics.
typedef int cleave_term;
enum { CLEAVE_SHORT_TERM = 0, CLEAVE_LONG_TERM = 1 };

/// Pins the pages of the range, all or none: until the release, the owner and whoever has the
/// pieces see the same memory, whatever is forked meanwhile. Errors: bad_argument (empty, beyond
/// 2^48, no access or term), not_mapped, not_permitted (the region must allow as much), no_memory,
/// too_many_pins. On error some pages may have been copied.
cleave_pin* cleave_space_pin(cleave_space* space, cleave_address at, uint64_t bytes,
                             cleave_access access, cleave_term term, cleave_error* error);
/// What the range holds now, for good: the next write to each page copies it. Errors: bad_argument
/// (empty, beyond 2^48), not_mapped, not_permitted, no_memory.
cleave_hold* cleave_space_hold(cleave_space* space, cleave_address at, uint64_t bytes,
                               cleave_error* error);

// Snapshots: what a space held at one moment. They never change.

/// Another handle for the same snapshot. Error: no_memory.
cleave_snapshot* cleave_snapshot_copy(const cleave_snapshot* snapshot, cleave_error* error);
/// Cost: by what only this snapshot still held.
void cleave_snapshot_release(cleave_snapshot* snapshot);

/// Absent pages read as zeroes. Errors: not_mapped, not_permitted (where: the first byte that
/// cannot be read; those before it have been), bad_argument (beyond 2^48).
cleave_code cleave_snapshot_read(const cleave_snapshot* snapshot, cleave_address from, void* into,
                                 size_t bytes, cleave_error* error);
/// The 4096 bytes of the page that `at` lies in, in one piece, without a copy. Regions are not
/// asked. Errors: bad_argument (beyond 2^48), no_memory.
cleave_view* cleave_snapshot_view(const cleave_snapshot* snapshot, cleave_address at,
                                  cleave_error* error);
/// A new space that starts with these contents and regions. Constant cost. Error: no_memory.
cleave_space* cleave_snapshot_fork(const cleave_snapshot* snapshot, cleave_error* error);
/// In order of address.
void cleave_snapshot_for_each_region(const cleave_snapshot* snapshot, cleave_visit_region visit,
                                     void* context);

/// Is called for a range of a space.
typedef void (*cleave_visit_range)(void* context, cleave_address at, uint64_t bytes);
/// Visits each range of pages that differ, in order of address, adjacent ones joined. The cost
/// follows what differs, not what is mapped. A page that was written with the bytes that it had
/// counts as different, and so does an absent page against one of zeroes. Error: bad_argument
/// (snapshots of different pools).
cleave_code cleave_snapshot_diff(const cleave_snapshot* a, const cleave_snapshot* b,
                                 cleave_visit_range visit, void* context, cleave_error* error);

// Accessors: one thread's handle for loads and stores, at a nanosecond or two over a raw access. An
// accessor is used and released by the thread that made it, and keeps its space alive. On their
// natural alignment values are loaded and stored in one piece: loads acquire, stores release, the
// rest is sequentially consistent.

/// Error: no_memory.
cleave_accessor* cleave_accessor_create(cleave_space* space, cleave_error* error);
/// By the thread that made it.
void cleave_accessor_release(cleave_accessor* accessor);

/// Errors: not_mapped, not_permitted, bad_argument (beyond 2^48). Off the natural alignment a value
/// is read byte by byte.
cleave_code cleave_load8(cleave_accessor* accessor, cleave_address from, uint8_t* value,
                         cleave_error* error);
/// As cleave_load8(), of 16 bits.
cleave_code cleave_load16(cleave_accessor* accessor, cleave_address from, uint16_t* value,
                          cleave_error* error);
/// As cleave_load8(), of 32 bits.
cleave_code cleave_load32(cleave_accessor* accessor, cleave_address from, uint32_t* value,
                          cleave_error* error);
/// As cleave_load8(), of 64 bits.
cleave_code cleave_load64(cleave_accessor* accessor, cleave_address from, uint64_t* value,
                          cleave_error* error);
/// Errors: as of loads, and no_memory. Nothing is stored then, unless the value is misaligned and
/// lies across two pages.
cleave_code cleave_store8(cleave_accessor* accessor, cleave_address to, uint8_t value,
                          cleave_error* error);
/// As cleave_store8(), of 16 bits.
cleave_code cleave_store16(cleave_accessor* accessor, cleave_address to, uint16_t value,
                           cleave_error* error);
/// As cleave_store8(), of 32 bits.
cleave_code cleave_store32(cleave_accessor* accessor, cleave_address to, uint32_t value,
                           cleave_error* error);
/// As cleave_store8(), of 64 bits.
cleave_code cleave_store64(cleave_accessor* accessor, cleave_address to, uint64_t value,
                           cleave_error* error);
/// Adds; `*before`, unless NULL, is what was there. Errors: bad_argument (misaligned), not_mapped,
/// not_permitted, no_memory.
cleave_code cleave_fetch_add32(cleave_accessor* accessor, cleave_address at, uint32_t delta,
                               uint32_t* before, cleave_error* error);
/// As cleave_fetch_add32(), of 64 bits.
cleave_code cleave_fetch_add64(cleave_accessor* accessor, cleave_address at, uint64_t delta,
                               uint64_t* before, cleave_error* error);
/// Stores `desired` if `*expected` is there; `*expected` becomes what was there. Errors: as
/// cleave_fetch_add32().
cleave_code cleave_compare_exchange32(cleave_accessor* accessor, cleave_address at,
                                      uint32_t* expected, uint32_t desired, cleave_error* error);
/// As cleave_compare_exchange32(), of 64 bits.
cleave_code cleave_compare_exchange64(cleave_accessor* accessor, cleave_address at,
                                      uint64_t* expected, uint64_t desired, cleave_error* error);

/// As cleave_space_read().
cleave_code cleave_accessor_read(cleave_accessor* accessor, cleave_address from, void* into,
                                 size_t bytes, cleave_error* error);
/// As cleave_space_write().
cleave_code cleave_accessor_write(cleave_accessor* accessor, cleave_address to, const void* from,
                                  size_t bytes, cleave_error* error);
/// As cleave_space_pin(), without a lock for pages that the space owns. The pin itself may go to
/// any thread.
cleave_pin* cleave_accessor_pin(cleave_accessor* accessor, cleave_address at, uint64_t bytes,
                                cleave_access access, cleave_term term, cleave_error* error);

// Pins: memory that a device may use, of a space or of an arena.

/// The pinned bytes in order, in `*count` pieces for readv(2), writev(2) and the like. They are the
/// pin's.
const struct iovec* cleave_pin_pieces(const cleave_pin* pin, size_t* count);
/// Bytes in all pieces.
uint64_t cleave_pin_size(const cleave_pin* pin);
/// The device must have finished. Cost: an atomic operation a page.
void cleave_pin_release(cleave_pin* pin);

// Holds: what a range was, for good. Right for output while others write on.

/// The first byte held.
cleave_address cleave_hold_address(const cleave_hold* hold);
/// Bytes held.
uint64_t cleave_hold_size(const cleave_hold* hold);
/// `bytes` bytes of the hold from `from` on, where they lie, without a copy. Errors: bad_argument
/// (not inside what is held), no_memory.
cleave_view* cleave_hold_view(const cleave_hold* hold, cleave_address from, uint64_t bytes,
                              cleave_error* error);
/// Error: bad_argument (not inside what is held).
cleave_code cleave_hold_read(const cleave_hold* hold, cleave_address from, void* into, size_t bytes,
                             cleave_error* error);
/// Cost: by what only this hold still held.
void cleave_hold_release(cleave_hold* hold);

// Views: bytes that cannot change, where they lie. While the view and the snapshot or hold that it
// was made from live, they are in memory and stay as they are.

/// The bytes in order, in `*count` pieces, only to be read. They are the view's.
const struct iovec* cleave_view_pieces(const cleave_view* view, size_t* count);
/// Bytes in all pieces.
uint64_t cleave_view_size(const cleave_view* view);
/// 1: a snapshot's page that has no memory of its own; the view shows zeroes. Else 0.
int cleave_view_is_absent(const cleave_view* view);
/// To be called before the release of what the view was made from.
void cleave_view_release(cleave_view* view);

/// Is called for a range of an arena.
typedef void (*cleave_visit_bytes)(void* context, const void* at, size_t bytes);

// Arenas: memory for ordinary pointers, threads and system calls, whose whole contents can be
// committed, and made again what they were at any commit, at a cost that follows the pages that
// differ. What was committed takes memory of the pool.
//
// Quiet. While cleave_arena_commit(), _hold() and _changes() run, no thread may write to the
// memory; while _checkout() and _revert() run, no thread may touch it; neither may a system call
// that is under way. Devices that write through a pin may go on.

/// How changed pages are found. `cleave doctor` measures what each costs.
typedef int cleave_tracking;
enum {
  CLEAVE_TRACKING_AUTOMATIC = 0,  ///< the best that works here
  CLEAVE_TRACKING_ASYNC = 1,      ///< by the kernel alone (Linux 6.7); system calls work
  /// First writes raise SIGBUS (Linux 6.4). System calls need cleave_arena_mark_dirty() or a pin.
  CLEAVE_TRACKING_SIGBUS = 2,
  /// First writes raise SIGSEGV. System calls need cleave_arena_mark_dirty() or a pin.
  CLEAVE_TRACKING_MPROTECT = 3,
  CLEAVE_TRACKING_SOFTWARE = 4  ///< the program tells of every write by cleave_arena_mark_dirty()
};
/// As in "async"; NULL for what is no way of tracking.
const char* cleave_tracking_name(cleave_tracking tracking);
/// Gives the way of tracking of that name in `*tracking`. Error: bad_argument.
cleave_code cleave_tracking_named(const char* name, cleave_tracking* tracking, cleave_error* error);
/// Tries a way of tracking on a few pages of its own. Errors: unsupported (`what` says what is
/// missing or denied), bad_argument, no_memory (for now: no word on whether it works).
cleave_code cleave_try_tracking(cleave_tracking tracking, cleave_error* error);

/// No system call writes into memory that is neither pinned nor marked dirty: where that is faster,
/// the arena may make such a call fail with EFAULT.
#define CLEAVE_ARENA_NO_SYSTEM_CALLS 1u
/// Stops, with its address on standard error, a thread that breaks the rule of quiet. 50 to 80 ms a
/// GiB.
#define CLEAVE_ARENA_CATCH_WRITERS 2u
/// Refuses commits and checkouts (not_permitted, and a line on standard error) while another thread
/// waits on a lock in the memory, is in a system call that will write there, has its stack there,
/// or holds a robust mutex there. About 10 us a thread.
#define CLEAVE_ARENA_CATCH_WAITERS 4u
/// Compares, at each commit and checkout, all pages that are reported as unchanged; one that was
/// written unseen is an error (not_permitted), and counts as changed from then on. 90 ms a GiB in
/// use.
#define CLEAVE_ARENA_CATCH_UNSEEN 8u

/// All zeroes but `size` are the defaults: `cleave_arena_options options = {sizeof options};`
typedef struct cleave_arena_options {
  size_t size;  ///< sizeof(cleave_arena_options): which fields the caller knows of
  void* at;     ///< where the memory is to lie, a multiple of 4096; NULL: where there is room
  cleave_tracking tracking;  ///< how changed pages are found
  uint32_t flags;            ///< CLEAVE_ARENA_..., added up
  /// An arena whose history the new one is to share; NULL: it has one of its own. From then on what
  /// any of them commits, checks out, reverts, names, finds, forgets or tells of changes is of all;
  /// a checkout that one refuses changes none. Joining is a commit: of what the new one holds, and
  /// of the others what their head has.
  const cleave_arena* joins;
} cleave_arena_options;

/// `bytes` (rounded up to pages) of zeroes, and a first commit of those. `options` may be NULL.
/// Takes address space now (twice the size, and 4 MiB), five mappings, a file descriptor, and
/// memory as pages are written; a second descriptor for a moment, and two for all arenas by async,
/// one for all by sigbus. Errors: bad_argument (zero, too much or more than RLIMIT_FSIZE;
/// misaligned; a size, flag or field that this library does not know), already_mapped (something
/// lies at `at`), no_memory (RLIMIT_NOFILE, RLIMIT_AS, vm.max_map_count: `what` names the limit),
/// unsupported (the tracking that was asked for does not work here, or a flag needs what a policy
/// denies), not_permitted; where it joins another, bad_argument also means that the other keeps its
/// commits in another pool.
cleave_arena* cleave_arena_create(cleave_pool* pool, uint64_t bytes,
                                  const cleave_arena_options* options, cleave_error* error);
/// An arena of memory that exists, at its own address, with a first commit of what it holds: a
/// library's data, another allocator's memory. Private memory of this process in whole pages, whose
/// protections stay. While it is taken over, and while the arena ends, no other thread may write to
/// it; then it is the process's own again, with what it holds. Takes a copy of what was touched.
/// Errors, and the memory is as it was: bad_argument (NULL or empty, not whole pages; shared or an
/// arena's, where: its first byte; this thread's stack; `at` is another address), not_mapped
/// (where: a gap), unsupported (also: no /proc; a page cannot be read), and as
/// cleave_arena_create().
cleave_arena* cleave_arena_take_over(cleave_pool* pool, void* memory, size_t bytes,
                                     const cleave_arena_options* options, cleave_error* error);
/// Is called for a run of whole pages that may be written.
typedef void (*cleave_visit_segment)(void* context, void* at, size_t bytes);
/// Visits each run of whole pages in which a loaded library keeps its .data and .bss, without what
/// the loader has made read-only (RELRO), in order of address. `library` is a handle of dlopen(3),
/// which must stay open while the memory is used; dlopen(NULL, RTLD_NOW) gives the program's.
/// Variables of threads (TLS) lie elsewhere. Errors, and nothing was visited: bad_argument (NULL,
/// or the loader does not know it), unsupported (of a namespace that dlmopen(3) made, or with over
/// 8 runs).
cleave_code cleave_writable_segments(void* library, cleave_visit_segment visit, void* context,
                                     cleave_error* error);
/// Commits, pins and holds may outlive it; the memory goes with its last pin, or is the process's
/// own again, if it was taken over. Heaps in the memory end with it.
void cleave_arena_release(cleave_arena* arena);

/// The first byte; the same for as long as the arena lives.
void* cleave_arena_data(const cleave_arena* arena);
/// Bytes, in whole pages.
uint64_t cleave_arena_size(const cleave_arena* arena);

/// The most bytes that a commit keeps beside the contents.
#define CLEAVE_MOST_PAYLOAD 65536u

/// Remembers the contents. The commit lasts as long as a handle to it, and with a `name` (it may be
/// NULL) until cleave_arena_forget(). Cost: about 1 us for each page that changed, and finding
/// those. Errors: no_memory (the pool's budget: nothing is lost, release commits and try again),
/// already_exists (the name is taken), not_permitted.
cleave_commit* cleave_arena_commit(cleave_arena* arena, const char* name, cleave_error* error);
/// The same, and keeps a copy of `size` bytes at `payload` with the commit: registers, seeds,
/// offsets of files. Errors: also bad_argument (more than CLEAVE_MOST_PAYLOAD; NULL with a size).
cleave_commit* cleave_arena_commit_with(cleave_arena* arena, const char* name, const void* payload,
                                        size_t size, cleave_error* error);
/// Makes the contents those of `commit`, back, forth or across branches; the arena then stands
/// there. Cost: by the pages that differ. Errors, and nothing has changed: bad_argument (a commit
/// of another history), pinned (where: the first page that is pinned for writing and would change),
/// not_mapped (where: memory of an arena that joined after the commit, or has ended since), io (a
/// page cannot be brought), no_memory, not_permitted.
cleave_code cleave_arena_checkout(cleave_arena* arena, const cleave_commit* commit,
                                  cleave_error* error);
/// Gives up what changed since the commit that the arena stands at. Errors: as
/// cleave_arena_checkout().
cleave_code cleave_arena_revert(cleave_arena* arena, cleave_error* error);

/// The commit that the arena stands at. Error: no_memory.
cleave_commit* cleave_arena_head(const cleave_arena* arena, cleave_error* error);
/// NULL with CLEAVE_OK: the arena keeps no commit of that name. Error: no_memory.
cleave_commit* cleave_arena_find(const cleave_arena* arena, const char* name, cleave_error* error);
/// Lets go of a name. The commit ends with its last handle. 0: there is no such name; else 1.
int cleave_arena_forget(cleave_arena* arena, const char* name);
/// `commit` is the callee's for the call only; cleave_commit_copy() keeps it. `depth` counts from
/// the first.
typedef void (*cleave_visit_commit)(void* context, const cleave_commit* commit, unsigned depth);
/// Visits all living commits, each after its parent. Error: no_memory (nothing was visited).
cleave_code cleave_arena_for_each_commit(const cleave_arena* arena, cleave_visit_commit visit,
                                         void* context, cleave_error* error);

/// Visits each run of pages that may have changed since the head, in order of address. A page that
/// was written with what it held may count. The visit may ask for the head, a name and the
/// statistics, and release pins; other calls on this arena fail with not_permitted there. Errors:
/// not_permitted, no_memory, unsupported.
cleave_code cleave_arena_changes(cleave_arena* arena, cleave_visit_bytes visit, void* context,
                                 cleave_error* error);
/// Visits each run of pages in which two commits differ, as addresses in the arena; what lies there
/// is the present, see cleave_commit_snapshot() for the past. Error: bad_argument (a commit of
/// another arena).
cleave_code cleave_arena_diff(const cleave_arena* arena, const cleave_commit* a,
                              const cleave_commit* b, cleave_visit_bytes visit, void* context,
                              cleave_error* error);

/// Says that these bytes are about to be written. CLEAVE_TRACKING_SOFTWARE needs it for every
/// write; with SIGBUS and MPROTECT it spares the fault, and lets system calls write there until the
/// next commit, checkout, hold or cleave_arena_changes(). With any tracking it is needed before
/// madvise(MADV_REMOVE), too. It counts as a write. Precondition: inside the arena.
void cleave_arena_mark_dirty(cleave_arena* arena, const void* at, size_t bytes);
/// The same of the pages that a bitmap of `words` words names, such as the kernel writes for
/// KVM_GET_DIRTY_LOG: bit b of word w means page 64 w + b, counted from `first`, a page's first
/// byte. Precondition: pages whose bits are set lie inside the arena.
void cleave_arena_mark_pages_dirty(cleave_arena* arena, const void* first, const uint64_t* bitmap,
                                   size_t words);
/// The same bytes at a second address, cleave_arena_size() of them, for a device that finds out by
/// itself which pages it has written, such as a virtual machine. No write there faults, and none is
/// tracked: tell of each page by cleave_arena_mark_pages_dirty() before the next commit, checkout,
/// hold or cleave_arena_changes(); else it counts as unchanged. The device must rest when threads
/// have to, and the memory goes with the arena. Not there in a child of fork(2).
void* cleave_arena_device_view(const cleave_arena* arena);

/// How an arena is restored. Zeroes are the defaults, but for `size`.
typedef struct cleave_restore_options {
  size_t size;       ///< set by the caller: sizeof(cleave_restore_options)
  const char* name;  ///< what it is, for who reads that a page could not be had; NULL: a snapshot
  const void* payload;  ///< that of the first commit, copied
  size_t payload_size;  ///< bytes, 64 KiB at most
  uint64_t patience;    ///< ms that a thread waits for a page before SIGBUS; 0: a minute
} cleave_restore_options;

/// An arena that holds what a snapshot does, at its addresses: it has one region, readable and
/// writable. Its first commit is the snapshot, its pool the snapshot's. No page is read now: each
/// comes when it is touched first, by any thread that does not block SIGBUS. One that cannot be had
/// ends the access in SIGBUS. System calls bring none, and give EFAULT: cleave_arena_fetch(). Of
/// the options, which may be NULL: `at` is not looked at, `joins` is NULL, the tracking automatic
/// or async. Errors: as cleave_arena_create(), and bad_argument (the regions, the payload),
/// unsupported (Linux before 6.7, or no userfaultfd).
cleave_arena* cleave_arena_restore(const cleave_snapshot* from, const cleave_arena_options* options,
                                   const cleave_restore_options* how, cleave_error* error);
/// Puts pages of these bytes in place which are missing, so that system calls may use them all.
/// `came`: how many did; it may be NULL. Errors: bad_argument (not inside the arena, empty), io and
/// others of whoever has the page (where: the first that could not be had).
cleave_code cleave_arena_fetch(cleave_arena* arena, const void* at, size_t bytes, uint64_t* came,
                               cleave_error* error);
/// How many pages are missing; 0 of an arena that was not restored.
uint64_t cleave_arena_missing(const cleave_arena* arena);

/// Memory that a device may use while commits are made: the same bytes at another address, in one
/// piece, which system calls can always write to. What is pinned for writing counts as changed at
/// every commit and once more after its release, and no checkout may change it. Errors:
/// bad_argument (not inside the arena, empty, no access or term), no_memory, not_permitted.
cleave_pin* cleave_arena_pin(cleave_arena* arena, const void* at, size_t bytes,
                             cleave_access access, cleave_term term, cleave_error* error);
/// What the bytes are now, for good; the hold's addresses are those in the arena. Errors: as
/// cleave_arena_pin(). Cost: copies the changed pages of the range.
cleave_hold* cleave_arena_hold(cleave_arena* arena, const void* at, size_t bytes,
                               cleave_error* error);

/// What an arena has done and keeps. Pages, unless it says otherwise.
typedef struct cleave_arena_statistics {
  size_t size;               ///< set by the caller: sizeof(cleave_arena_statistics)
  cleave_tracking tracking;  ///< what finds changed pages now
  uint64_t commits;          ///< made so far
  uint64_t living;           ///< commits alive
  uint64_t recorded;         ///< pages written to the pool, ever
  uint64_t restored;         ///< pages written back by checkouts, ever
  uint64_t short_pins;       ///< alive, for one operation
  uint64_t long_pins;        ///< alive, for as long as the holder likes
} cleave_arena_statistics;
/// Error: bad_argument (`size` is not set). A library that knows fewer figures sets the rest to 0.
cleave_code cleave_arena_get_statistics(const cleave_arena* arena, cleave_arena_statistics* into,
                                        cleave_error* error);
/// What tracks changes, and why it does, in words; ended by a NUL, as far as `size` bytes hold it.
/// The length of the whole, as snprintf() gives it.
size_t cleave_arena_tracking_reason(const cleave_arena* arena, char* into, size_t size);

/// For programs with a handler of their own for SIGSEGV or SIGBUS, installed after an arena was
/// made: whether the fault was a first write to an arena, which now succeeds when it is repeated.
/// `siginfo` is the handler's siginfo_t, `context` its third argument; with a null pointer there, a
/// jump into an arena that is tracked by mprotect is taken for a write, again and again. Safe in a
/// handler.
int cleave_arena_fault(int signal, const void* siginfo, const void* context);

// Commits: what an arena held at one moment, and where that stands in its history.

/// Another handle for the same commit. Error: no_memory.
cleave_commit* cleave_commit_copy(const cleave_commit* commit, cleave_error* error);
/// Lets go of the handle. A commit without handles and name ends; those after it continue from the
/// one before.
void cleave_commit_release(cleave_commit* commit);
/// The commit that the arena stood at when this was made, or the nearest before that still lives.
/// NULL with CLEAVE_OK: this is the first. Error: no_memory.
cleave_commit* cleave_commit_parent(const cleave_commit* commit, cleave_error* error);
/// "" if it has none. Valid until the handle is released.
const char* cleave_commit_name(const cleave_commit* commit);
/// 0 for the arena's first, then counting up. Never used twice in one arena.
uint64_t cleave_commit_number(const cleave_commit* commit);
/// Pages that were written to the pool for it.
uint64_t cleave_commit_pages(const cleave_commit* commit);
/// What cleave_arena_commit_with() was given, and how much of it in `*size`; NULL: nothing. Valid
/// until the handle is released.
const void* cleave_commit_payload(const cleave_commit* commit, size_t* size);
/// Whether two handles mean one commit.
int cleave_commit_equal(const cleave_commit* a, const cleave_commit* b);
/// The contents, at the arena's own addresses. Error: no_memory.
cleave_snapshot* cleave_commit_snapshot(const cleave_commit* commit, cleave_error* error);

// Heaps: malloc for an arena. All that a heap knows lies in its memory: when that is rolled back,
// blocks allocated since are free, and blocks freed since are allocated. Handles stay good. Whoever
// checks out does so while no thread is inside a call on the heap. A block freed twice, or an
// address that is no block's, stops the program.

/// Makes an empty heap in `memory`, which must be zeroes: whole pages on a page's boundary, 1 MiB
/// to 64 GiB, as an arena's data and size are. The memory stays the caller's. Errors: bad_argument
/// (NULL and MAP_FAILED too), no_memory (for the handle).
cleave_heap* cleave_heap_create(void* memory, uint64_t bytes, cleave_error* error);
/// A handle for the heap that is in `memory`, which no other thread may be using: in a new process,
/// say. Errors: bad_argument (no heap, or one of another version or size; nothing was written),
/// no_memory.
cleave_heap* cleave_heap_open(void* memory, uint64_t bytes, cleave_error* error);
/// Lets go of the handle. The heap stays in its memory.
void cleave_heap_release(cleave_heap* heap);

// A heap that is NULL gives NULL and 0.

/// At least `bytes` bytes (0 counts as 1), aligned to 16; NULL if there is no room. Some ns up to
/// 32 KiB, whole pages above.
void* cleave_heap_malloc(cleave_heap* heap, size_t bytes);
/// `count` times `bytes`, all zeroes; NULL if there is no room or the product overflows.
void* cleave_heap_calloc(cleave_heap* heap, size_t count, size_t bytes);
/// A block of at least `bytes` bytes (0 counts as 1: nothing is freed) with the same content as far
/// as it fits; `block` itself where it can be. NULL: no room, and `block` is as it was. A NULL
/// `block` is an allocation.
void* cleave_heap_realloc(cleave_heap* heap, void* block, size_t bytes);
/// On a multiple of `alignment`, a power of two; NULL if there is no room or the alignment is none.
void* cleave_heap_aligned_alloc(cleave_heap* heap, size_t alignment, size_t bytes);
/// Any thread may free any block. NULL: nothing.
void cleave_heap_free(cleave_heap* heap, void* block);
/// The bytes of a block that may be used, at least as many as were asked for. NULL: 0.
size_t cleave_heap_usable_size(const cleave_heap* heap, const void* block);

#if defined(__GNUC__) && __GNUC__ >= 4
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif  // CLEAVE_C_H
