#include "adapters/sqlite/memory_routing.h"

#include <sqlite3.h>

#include "adapters/sqlite/database_error.h"
#include "adapters/sqlite/page_cache.h"

namespace cleave::sqlite {
namespace {

sqlite3_mem_methods plain;  // what SQLite would use by itself
bool left_alone = false;

thread_local const Heap* heap = nullptr;
thread_local bool beside = false;

bool is_in_heap(const void* block) { return heap != nullptr && heap->contains(block); }

// SQLite frees most blocks through const handles of others; a Heap is a handle, too.
Heap handle() { return *heap; }

void* allocate(int bytes) {
  if (heap == nullptr || beside) return plain.xMalloc(bytes);
  return handle().allocate(static_cast<std::size_t>(bytes));
}

void deallocate(void* block) {
  is_in_heap(block) ? handle().deallocate(block) : plain.xFree(block);
}

void* reallocate(void* block, int bytes) {
  return is_in_heap(block) ? handle().reallocate(block, static_cast<std::size_t>(bytes))
                           : plain.xRealloc(block, bytes);
}

int usable_size(void* block) {
  return is_in_heap(block) ? static_cast<int>(heap->usable_size(block).value) : plain.xSize(block);
}

int round_up(int bytes) { return plain.xRoundup(bytes); }
int start(void* data) { return plain.xInit(data); }
void stop(void* data) { plain.xShutdown(data); }

void configure() {
  const sqlite3_mem_methods routed{allocate, deallocate, reallocate, usable_size,
                                   round_up, start,      stop,       nullptr};
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK ||
      sqlite3_config(SQLITE_CONFIG_MALLOC, &routed) != SQLITE_OK ||
      sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK ||
      install_page_cache() != SQLITE_OK) {
    throw DatabaseError("SQLite is in use already; its memory can be routed only before that");
  }
  if (const int status = sqlite3_initialize(); status != SQLITE_OK) {
    throw DatabaseError(sqlite3_errstr(status));
  }
}

}  // namespace

void route_memory() {
  if (left_alone) return;
  static const bool done = (configure(), true);
  (void)done;
}

void leave_memory_alone() { left_alone = true; }

MemoryFrom::MemoryFrom(const Heap* from) noexcept : before_(heap) { heap = from; }
MemoryFrom::~MemoryFrom() { heap = before_; }

MemoryBeside::MemoryBeside(const Heap* from) noexcept : known_(from) { beside = true; }
MemoryBeside::~MemoryBeside() { beside = false; }

}  // namespace cleave::sqlite
