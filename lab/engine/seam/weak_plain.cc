// What the engine does under ra without an operation: it makes atomics, gives memory back, and uses
// fields that are not atomic. The explorer looks whether threads race there.
#include "lab/engine/seam/adapter.h"
#include "lab/engine/seam/site.h"
#include "lab/explore/execution/execution.h"

namespace lab::engine {
namespace {

constexpr std::size_t kWord = 8;
constexpr std::size_t kWholePage = 1;  // where in a page it is noted as a whole: no word is there

std::byte* down(std::byte* at, std::size_t boundary) {
  return at - reinterpret_cast<std::uintptr_t>(at) % boundary;
}
std::byte* page_of(std::byte* at) { return down(at, cleave::kPageSize); }
std::byte* word_of(std::byte* at) { return down(at, kWord); }

void here_looks(const std::byte* at, bool writes) {
  explore::Execution::here().plain_look(at, writes);
}

}  // namespace

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

// Bytes of a page that are moved as many. A page that is moved whole is noted as one, the rest by
// words.
void Adapter::bytes_move(const sync::Operation& o, bool writes) {
  explore::Execution& here = explore::Execution::here();
  auto* const first = static_cast<std::byte*>(o.address);
  std::byte* const page = page_of(first);
  here.plain_look(page + kWholePage, writes);
  if (o.size == cleave::kPageSize) {
    here.plain(page + kWholePage, writes);
    for (std::byte* word = page; word < page + cleave::kPageSize; word += kWord)
      here.plain_look(word, writes);
    return;
  }
  for (std::byte* word = word_of(first); word < first + o.size; word += kWord)
    here.plain(word, writes);
}

// A word that is moved as one, in a page of which other bytes may have been moved as many.
void Adapter::word_is_used(const sync::Operation& o) {
  using sync::Kind;
  if (o.kind < Kind::memory_load) return;
  explore::at(site_of(o.where));
  const bool writes = o.kind != Kind::memory_load && o.kind != Kind::memory_read;
  auto* const word = static_cast<std::byte*>(o.address);
  here_looks(page_of(word) + kWholePage, writes);
  here_looks(word_of(word), writes);
}

}  // namespace lab::engine
