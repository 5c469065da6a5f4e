// What the engine does under ra without an operation: it makes atomics, gives memory back, and uses
// fields that are not atomic. The explorer looks whether threads race there.
#include "lab/engine/seam/adapter.h"
#include "lab/engine/seam/site.h"
#include "lab/explore/execution/execution.h"

namespace lab::engine {

void Adapter::made(void* at, std::size_t size, bool holds_address) {
  if (!weak_ || explore::self() < 0) return;
  sync::Operation o{sync::Kind::store};
  o.address = at;
  o.size = size;
  o.holds_address = holds_address;
  explore::at("made");
  explore::Execution::here().made(this->at(o), inward(sync::bits_at(at, size), holds_address));
}

void Adapter::plain(const void* field, bool writes, sync::Line where) {
  if (!weak_ || explore::self() < 0) return;
  explore::at(site_of(where));
  explore::Execution::here().plain(field, writes);
}

void Adapter::end_weakly(const void* block) {
  explore::Execution& here = explore::Execution::here();
  explore::at("given back");
  const std::size_t first = memory_.offset(block) / kGrain;
  const std::size_t size = RunMemory::size_of(block);
  for (std::size_t grain = first; grain < first + size / kGrain; ++grain)
    if (index_[grain] != 0) here.ended(locations_[index_[grain] - 1U]);
  here.plain_end(block, size);
}

}  // namespace lab::engine
