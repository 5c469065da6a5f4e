#include "lab/engine/seam/adapter.h"

#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "lab/engine/seam/aside.h"
#include "lab/engine/seam/fault.h"
#include "lab/engine/seam/source_line.h"
#include "lab/explore/execution/execution.h"

namespace lab::engine {
namespace {

using sync::Kind;
using sync::Operation;

// Marks an address within the run's memory, as the explorer sees it: an offset.
constexpr std::uint64_t kWithin = std::uint64_t{1} << 62;

// Shared by the runs of an OS thread that come one after another; all zero between them.
std::vector<std::uint16_t>& index_for(const RunMemory& memory) {
  thread_local std::vector<std::pair<const RunMemory*, std::vector<std::uint16_t>>> all;
  for (auto& [of, index] : all)
    if (of == &memory) return index;
  all.reserve(16);
  return all.emplace_back(&memory, std::vector<std::uint16_t>(RunMemory::kBytes / Adapter::kGrain))
      .second;
}

bool in_a_frame(Kind kind) { return kind >= Kind::memory_load; }

}  // namespace

const char* label_of(const Operation& o) { return *o.name != 0 ? o.name : name_of(o.kind); }

bool moves_a_word(const Operation& o) {
  const bool fits = o.size == 1 || o.size == 2 || o.size == 4 || o.size == 8;
  const bool aligned = fits && reinterpret_cast<std::uintptr_t>(o.address) % o.size == 0;
  return aligned && o.other != o.address && o.other != nullptr;
}

Adapter::Adapter(RunMemory& memory, const Machine& machine)
    : memory_(memory),
      machine_(machine),
      buffers_(explore::Execution::here().memory() == explore::Memory::tso),
      weak_(explore::Execution::here().memory() == explore::Memory::ra),
      index_(index_for(memory)) {
  take_faults_for_findings();
  if (!buffers_ || !machine.has_membarrier) return;
  for (std::size_t t = 0; t < kMostThreads; ++t) {
    waiting_.emplace_back("waiting stores");
    passed_.emplace_back("heavy fences");
  }
}

Adapter::~Adapter() {
  for (const Location& location : locations_)
    if (memory_.has(location.address())) index_[memory_.offset(location.address()) / kGrain] = 0;
  if (sync::scheduler() == this) (void)sync::install(nullptr);
}

std::uint64_t Adapter::self() {
  const int thread = explore::self();
  return thread < 0 ? acting_ : static_cast<std::uint64_t>(thread) + 1;
}

bool Adapter::performs(const char* name) { return explore::performs(name); }

void* Adapter::allocate(std::size_t bytes, std::size_t alignment) {
  return memory_.allocate(bytes, alignment);
}

void Adapter::deallocate(void* memory) {
  if (memory == nullptr || memory_.has(memory)) {
    if (weak_ && memory != nullptr && explore::self() >= 0) end_weakly(memory);
    memory_.deallocate(memory, self());
  } else {
    std::free(memory);
  }
}

void Adapter::broken(const char* file, int line, const char* text) {
  std::string what = fmt::format("{} ({}:{})", text, short_name(file), line);
  if (explore::self() >= 0) explore::stop_broken(std::move(what));
  if (is_aside()) leave_aside(std::move(what));
}

std::uint64_t Adapter::perform(const Operation& o) {
  if (explore::self() < 0) return sync::carry_out(o);
  if (!late_finding_.empty()) explore::stop_broken(late_finding_);
  if (weak_) return perform_weakly(o);
  switch (o.kind) {
    case Kind::light_fence:
    case Kind::heavy_fence:
      fence(o);
      return 0;
    case Kind::load:
    case Kind::memory_load:
      return look(o);
    case Kind::store:
    case Kind::memory_store:
      return store(o);
    case Kind::wait:
      return wait(o);
    case Kind::lock:
      return lock(o);
    case Kind::memory_read:
    case Kind::memory_write:
      return move_bytes(o);
    default:
      return update(o);
  }
}

std::uint64_t Adapter::look(const Operation& o) {
  Location& location = at(o);
  return explore::look(label_of(o), [&] {
    check_use(o);
    touch_page(o);
    const std::uint64_t seen = outward(location.read(), location.is_address());
    tell(o, seen, seen);
    return seen;
  });
}

// A store that is no exchange waits in the thread's buffer, where there are buffers. To go in is a
// step too: a heavy fence of another thread comes before it or after it.
std::uint64_t Adapter::store(const Operation& o) {
  Location& location = at(o);
  const std::uint64_t bits = inward(o.argument, location.is_address());
  if (!buffers_ || o.order == std::memory_order_seq_cst) {
    explore::step(label_of(o), [&] {
      check_use(o);
      touch_page(o);
      tell(o, sync::bits_at(o.address, o.size), o.argument);
      location.write(bits);
    });
    return 0;
  }
  check_use(o);
  if (machine_.has_membarrier) {
    const auto me = static_cast<std::size_t>(explore::self());
    explore::look("into the buffer", [&] {
      (void)passed_[me].read();
      waiting_[me].add(1);
      tell(o, sync::bits_at(o.address, o.size), o.argument);
    });
  }
  explore::put(label_of(o), location, bits);
  return 0;
}

std::uint64_t Adapter::update(const Operation& o) {
  Location& location = at(o);
  return explore::step(label_of(o), [&] {
    check_use(o);
    touch_page(o);
    if (o.kind == Kind::add && o.size == sizeof o.argument) {
      location.add(o.argument);
      if (explore::recorded()) tell(o, 0, sync::bits_at(o.address, o.size));
      return std::uint64_t{0};
    }
    const std::uint64_t before = outward(location.read(), location.is_address());
    const std::uint64_t after = sync::after(o, before);
    tell(o, before, after);
    const bool fails = o.kind == Kind::compare_exchange || o.kind == Kind::memory_compare_exchange;
    if (!fails || before == o.expected) location.write(inward(after, location.is_address()));
    return before;
  });
}

std::uint64_t Adapter::wait(const Operation& o) {
  Location& location = at(o);
  std::uint64_t seen = 0;
  explore::watch(
      label_of(o), [&] { return o.enabled(o.context, location.read()); },
      [&] {
        seen = location.read();
        tell(o, seen, seen);
      });
  return seen;
}

std::uint64_t Adapter::lock(const Operation& o) {
  Location& location = at(o);
  explore::await(
      label_of(o), [&] { return o.enabled(o.context, location.read()); },
      [&] {
        check_use(o);
        tell(o, 0, o.argument);
        location.write(o.argument);
      });
  return 0;
}

// membarrier(2): when it returns, no thread has a store waiting that was there at the call.
void Adapter::fence(const Operation& o) {
  if (!buffers_) return;
  if (!o.asymmetric) return explore::fence(o.name);
  if (o.kind == Kind::light_fence) return;
  explore::await(
      o.name,
      [&] {
        bool none = true;
        for (const Note& waiting : waiting_) none = waiting.read() == 0 && none;
        return none;
      },
      [&] {
        for (Note& passed : passed_) passed.write(passed.read() + 1);
        tell(o, 0, 0);
      });
}

// Whole pages, and what lies across words. A word that is moved alone is a load or a store.
std::uint64_t Adapter::move_bytes(const Operation& o) {
  const bool reads = o.kind == Kind::memory_read;
  if (moves_a_word(o)) {
    Operation word = o;
    word.kind = reads ? Kind::memory_load : Kind::memory_store;
    if (!reads) word.argument = sync::bits_at(o.other, o.size);
    const std::uint64_t seen = reads ? look(word) : store(word);
    if (reads) sync::put_bits(o.other, o.size, seen);
    return 0;
  }
  Page& page = page_at(o.address);
  explore::step(label_of(o), [&] {
    check_use(o);
    tell(o, 0, 0);
    (void)page.words.read();
    if (reads) {
      (void)page.whole.read();
      (void)sync::carry_out(o);
      return;
    }
    page.whole.write(page.whole.read() + 1);
    (void)sync::carry_out(o);
    for (Location* word : page.known) word->write(sync::bits_at(word->address(), word->size()));
  });
  return 0;
}

// An access to a word depends on those to the whole page.
void Adapter::touch_page(const Operation& o) {
  if (!in_a_frame(o.kind)) return;
  Page& page = page_at(o.address);
  (void)page.whole.read();
  if (o.kind != Kind::memory_load) page.words.add(1);
}

Location& Adapter::at(const Operation& o) {
  const bool here = memory_.has(o.address);
  if (here) {
    const std::uint16_t place = index_[memory_.offset(o.address) / kGrain];
    if (place != 0) {
      Location& known = locations_[place - 1U];
      if (known.address() != o.address || known.size() != o.size)
        explore::stop_broken("two operations take different bytes of one word: not modelled");
      return known;
    }
  } else {
    for (const auto& [address, location] : elsewhere_)
      if (address == o.address) return *location;
  }
  Location& made =
      locations_.emplace_back(*this, o.address, o.size, o.holds_address,
                              inward(sync::bits_at(o.address, o.size), o.holds_address));
  if (here) {
    index_[memory_.offset(o.address) / kGrain] = static_cast<std::uint16_t>(locations_.size());
  } else {
    elsewhere_.emplace_back(o.address, &made);
  }
  if (in_a_frame(o.kind)) page_at(o.address).known.push_back(&made);
  return made;
}

Adapter::Page& Adapter::page_at(const void* address) {
  std::uint8_t& place = page_index_.at(memory_.offset(address) / 4096);
  if (place == 0) {
    pages_.emplace_back();
    place = static_cast<std::uint8_t>(pages_.size());
  }
  return pages_[place - 1U];
}

std::uint64_t Adapter::inward(std::uint64_t bits, bool is_address) const {
  if (!is_address) return bits;
  const std::uint64_t offset = bits - reinterpret_cast<std::uintptr_t>(memory_.at(0));
  return offset < RunMemory::kBytes ? offset | kWithin : bits;
}

std::uint64_t Adapter::outward(std::uint64_t bits, bool is_address) const {
  if (!is_address || (bits & kWithin) == 0) return bits;
  return reinterpret_cast<std::uintptr_t>(memory_.at(0)) + (bits & ~kWithin);
}

const char* Adapter::misuse(const void* address) const {
  if (!memory_.has(address)) return nullptr;
  if (memory_.was_given_back(address)) return "memory that was given back";
  if (frames_ == nullptr || frames_->away() != nullptr) return nullptr;
  const auto* base = frames_->file().base();
  const auto offset = static_cast<std::uint64_t>(static_cast<const std::byte*>(address) - base);
  const std::uint64_t frame = offset / cleave::kPageSize;
  if (frame == 0 || frame >= frames_->file().slots()) return nullptr;
  const cleave::FrameId id{static_cast<std::uint32_t>(frame)};
  const auto& state = frames_->state(id);
  return sync::bits_at(&state, sizeof state) == 0 ? "a frame that is free" : nullptr;
}

void Adapter::check_use(const Operation& o) {
  if (const char* what = misuse(o.address)) {
    explore::stop_broken(fmt::format("a {} touches {} ({}:{})", name_of(o.kind), what,
                                     short_name(o.where.file), o.where.line));
  }
}

// A frame that is taken or becomes free is another page from then on, and so every access to it is
// ordered with that: one to a free frame is found in one of all orders.
void Adapter::note_life(const Location& state, std::uint64_t bits) {
  if (frames_ == nullptr || frames_->away() != nullptr || frames_->file().slots() == 0) return;
  const auto* first = &frames_->state(cleave::FrameId{0});
  const auto* at = static_cast<const cleave::detail::FrameState*>(state.address());
  if (at < first || at >= first + frames_->file().slots()) return;
  if ((sync::bits_at(state.address(), state.size()) == 0) == (bits == 0)) return;
  const auto frame = static_cast<std::uint64_t>(at - first);
  page_at(frames_->file().base() + frame * cleave::kPageSize).whole.add(1);
}

void Adapter::follow(const Location& location, std::uint64_t bits, int from) {
  note_life(location, bits);
  sync::put_bits(location.address(), location.size(), outward(bits, location.is_address()));
  if (from < 0) return;
  // What a thread stored where it then gave the memory back has come out before others can have it:
  // an allocator's own lock sees to that.
  const auto owner = static_cast<std::uint64_t>(from) + 1;
  const bool own =
      memory_.has(location.address()) && memory_.was_given_back_by(owner, location.address());
  // Nobody can be stopped here: the thread may be in the middle of anything.
  if (const char* what = misuse(location.address());
      what != nullptr && !own && late_finding_.empty())
    late_finding_ = fmt::format("a store that waited in a buffer lands in {}", what);
  if (machine_.has_membarrier) waiting_[static_cast<std::size_t>(from)].add(~std::uint64_t{0});
  if (!memory_.has(location.address())) return;
  if (page_index_[memory_.offset(location.address()) / 4096] != 0)
    page_at(location.address()).words.add(1);
}

// For a reader of the run: the line of the sources, and what was there.
void Adapter::tell(const Operation& o, std::uint64_t before, std::uint64_t after) {
  if (!explore::recorded()) return;
  std::string text = fmt::format("{}:{}", short_name(o.where.file), o.where.line);
  if (const std::string line = source_line(o.where.file, o.where.line); !line.empty())
    text += "  " + line;
  if (!o.holds_address && o.size <= 8 && o.size != 0)
    text += before == after ? fmt::format("  [{}]", before)
                            : fmt::format("  [{} -> {}]", before, after);
  explore::decided(text);
}

void Location::written(explore::Variable& variable, std::uint64_t bits, int from) {
  const auto& self = static_cast<Location&>(variable);
  self.adapter_.follow(self, bits, from);
}

}  // namespace lab::engine
