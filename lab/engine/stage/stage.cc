#include "lab/engine/stage/stage.h"

#include <memory>
#include <span>
#include <vector>

#include "base/handle_access.h"
#include "lab/engine/stage/beyond.h"
#include "pins/hold_state.h"
#include "space/snapshot_state.h"
#include "space/validate.h"

namespace lab::engine {
namespace {

using cleave::must;
using cleave::detail::HandleAccess;

thread_local std::vector<std::unique_ptr<RunMemory>> memories;
thread_local std::vector<bool> taken;

RunMemory& take() {
  for (std::size_t i = 0;; ++i) {
    if (i == taken.size()) {
      memories.push_back(std::make_unique<RunMemory>());
      taken.push_back(false);
    }
    if (taken[i]) continue;
    taken[i] = true;
    memories[i]->reset();
    return *memories[i];
  }
}

template <class Source>
Count read_from(const Source& source, Address at) {
  Count value = 0;
  must(source.read(at, std::as_writable_bytes(std::span(&value, 1))));
  return value;
}

std::byte* byte_of(const cleave::Pin& pin, std::size_t at) {
  return static_cast<std::byte*>(pin.pieces()[0].iov_base) + at;
}

}  // namespace

Borrowed::Borrowed() : memory_(take()) {}
Borrowed::~Borrowed() {
  for (std::size_t i = 0; i < taken.size(); ++i)
    if (memories[i].get() == &memory_) taken[i] = false;
}

void Stage::open(std::uint64_t frames) {
  open(must(cleave::Pool::create(frames * cleave::kPageSize)));
}

void Stage::open_with_backing(std::uint64_t frames) {
  open(must(cleave::Pool::create(frames * cleave::kPageSize, std::make_unique<Beyond>())));
}

void Stage::open(cleave::Pool&& made) {
  pool.emplace(std::move(made));
  adapter.watch(&HandleAccess::state(*pool));
  spaces[0].emplace(must(cleave::Space::create(*pool)));
}

cleave::Accessor& Stage::accessor_for(std::size_t thread, std::size_t space, std::size_t place) {
  adapter.act_for(thread + 1);
  cleave::Accessor& made = accessors[place].emplace(must(spaces[space]->accessor()));
  adapter.act_for(0);
  return made;
}

const char* Stage::wrong() {
  if (!pool) return nullptr;
  cleave::detail::Recount recount(HandleAccess::state(*pool));
  for (auto& space : spaces)
    if (space) cleave::detail::validate(HandleAccess::state(*space), recount);
  for (auto& accessor : accessors)
    if (accessor) cleave::detail::validate(HandleAccess::state(*accessor), recount);
  for (auto& snapshot : snapshots)
    if (snapshot) recount.add(HandleAccess::state(*snapshot).table);
  for (auto& hold : holds)
    if (hold) recount.add(HandleAccess::state(*hold).table);
  for (auto& pin : pins) {
    if (!pin) continue;
    for (const iovec& piece : pin->pieces()) {
      const cleave::FrameId frame = HandleAccess::state(*pool).frame_at(piece.iov_base);
      recount.expect(HandleAccess::state(*pool).state(frame).is_pinned(),
                     "a pin's frame does not count it");
    }
  }
  recount.compare();
  return recount.wrong();
}

void Stage::close() {
  adapter.watch(nullptr);
  for (auto& pin : pins) pin.end();
  for (auto& hold : holds) hold.end();
  for (auto& accessor : accessors) accessor.end();
  for (auto& space : spaces) space.end();
  for (auto& snapshot : snapshots) snapshot.end();
  pool.end();
}

Count get(const cleave::Space& space, Address at) { return read_from(space, at); }
Count get(const cleave::Hold& hold, Address at) { return read_from(hold, at); }
Count get(const cleave::Snapshot& snapshot, Address at) { return read_from(snapshot, at); }
void put(cleave::Space& space, Address at, Count value) {
  must(space.write(at, std::as_bytes(std::span(&value, 1))));
}
Count peek(const cleave::Pin& pin, std::size_t at) {
  return sync::load_word<Count>(byte_of(pin, at));
}
void poke(const cleave::Pin& pin, Count value, std::size_t at) {
  sync::store_word<Count>(byte_of(pin, at), value);
}

}  // namespace lab::engine
