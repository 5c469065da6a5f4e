// Where SQLite's memory comes from: an arena's heap for one connection, malloc for the next.
#pragma once

#include <cleave/heap.h>

namespace cleave::sqlite {

/// Gives SQLite an allocator that looks at the scopes below, and the page cache of page_cache.h;
/// turns its memory statistics off, which count on memory that is never rolled back. Once a
/// process, before anything else uses SQLite; later calls do nothing. Throws DatabaseError if
/// SQLite is in use already.
void route_memory();

/// Makes route_memory() do nothing, for a process that measures SQLite as it comes. No connection
/// of such a process may lie in a heap.
void leave_memory_alone();

/// While it lives, SQLite's allocations on this thread come from this heap. Whatever is freed or
/// resized goes back to where it came from: this heap, or malloc. So every call on a connection
/// whose memory lies in a heap is made in such a scope, and one on any other connection outside of
/// all.
class MemoryFrom {
 public:
  /// nullptr: from malloc.
  explicit MemoryFrom(const Heap* from) noexcept;
  ~MemoryFrom();
  MemoryFrom(const MemoryFrom&) = delete;
  MemoryFrom& operator=(const MemoryFrom&) = delete;

 private:
  const Heap* before_;
};

/// The same, for a call on two connections at once: new memory comes from malloc, for the one;
/// memory of the other is still known as its heap's.
class MemoryBeside {
 public:
  explicit MemoryBeside(const Heap* from) noexcept;
  ~MemoryBeside();
  MemoryBeside(const MemoryBeside&) = delete;
  MemoryBeside& operator=(const MemoryBeside&) = delete;

 private:
  MemoryFrom known_;
};

}  // namespace cleave::sqlite
