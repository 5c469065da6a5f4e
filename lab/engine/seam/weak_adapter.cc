// The engine's operations under ra: each says its order, and the explorer has C++'s memory model.
#include <optional>

#include "lab/engine/seam/adapter.h"
#include "lab/engine/seam/site.h"
#include "lab/explore/execution/atomic.h"
#include "lab/explore/execution/execution.h"

namespace lab::engine {
namespace {

using explore::Order;
using explore::Use;
using sync::Kind;
using sync::Operation;

constexpr Order order_of(std::memory_order order) {
  switch (order) {
    case std::memory_order_acquire:
    case std::memory_order_consume:
      return Order::acquire;
    case std::memory_order_release:
      return Order::release;
    case std::memory_order_acq_rel:
      return Order::acq_rel;
    case std::memory_order_seq_cst:
      return Order::seq_cst;
    default:
      return Order::relaxed;
  }
}

// The order that the operation has in this exploration.
Order order_of(const Operation& o, Use use) {
  return explore::ordered(site_of(o.where), order_of(o.order), use);
}

bool overlaps(const Operation& o, const Location& word) {
  const auto* const first = static_cast<const std::byte*>(o.address);
  const auto* const at = static_cast<const std::byte*>(word.address());
  return at < first + o.size && first < at + word.size();
}

bool may_fail(Kind kind) {
  return kind == Kind::compare_exchange || kind == Kind::memory_compare_exchange;
}

}  // namespace

std::uint64_t Adapter::perform_weakly(const Operation& o) {
  switch (o.kind) {
    case Kind::light_fence:
    case Kind::heavy_fence:
      fence_weakly(o);
      return 0;
    case Kind::load:
    case Kind::memory_load:
      return load_weakly(o);
    case Kind::store:
    case Kind::memory_store:
      store_weakly(o);
      return 0;
    case Kind::wait:
      return wait_weakly(o);
    case Kind::lock:
    case Kind::unlock:
      lock_weakly(o);
      return 0;
    case Kind::memory_read:
    case Kind::memory_write:
      move_bytes_weakly(o);
      return 0;
    default:
      return update_weakly(o);
  }
}

std::uint64_t Adapter::load_weakly(const Operation& o) {
  Location& location = at(o);
  return explore::look(label_of(o), [&] {
    check_use(o);
    touch_page(o);
    word_is_used(o);
    const std::uint64_t seen =
        outward(location.load(order_of(o, Use::load)), location.is_address());
    tell(o, seen, seen);
    return seen;
  });
}

void Adapter::store_weakly(const Operation& o) {
  Location& location = at(o);
  explore::access(label_of(o), [&] {
    check_use(o);
    touch_page(o);
    word_is_used(o);
    tell(o, sync::bits_at(o.address, o.size), o.argument);
    location.store(inward(o.argument, location.is_address()), order_of(o, Use::store));
  });
}

std::uint64_t Adapter::update_weakly(const Operation& o) {
  Location& location = at(o);
  return explore::access(label_of(o), [&] {
    check_use(o);
    touch_page(o);
    word_is_used(o);
    const auto change = [&](std::uint64_t bits) -> std::optional<std::uint64_t> {
      const std::uint64_t there = outward(bits, location.is_address());
      if (may_fail(o.kind) && there != o.expected) return std::nullopt;
      return inward(sync::after(o, there), location.is_address());
    };
    const std::uint64_t before =
        outward(location.update(order_of(o, Use::update), change), location.is_address());
    tell(o, before, sync::after(o, before));
    return before;
  });
}

std::uint64_t Adapter::wait_weakly(const Operation& o) {
  Location& location = at(o);
  const Order order = order_of(o, Use::load);
  const std::uint64_t seen = explore::Execution::here().wait(
      label_of(o), location, order, [&](std::uint64_t bits) { return o.enabled(o.context, bits); });
  tell(o, seen, seen);
  return seen;
}

void Adapter::lock_weakly(const Operation& o) {
  Location& location = at(o);
  explore::Execution& here = explore::Execution::here();
  if (o.kind == Kind::lock) {
    here.lock(label_of(o), location);
  } else {
    here.unlock(label_of(o), location);
  }
  check_use(o);
  tell(o, o.kind == Kind::lock ? 0 : 1, o.argument);
}

// Where there is membarrier(2), the light side is for the compiler alone.
void Adapter::fence_weakly(const Operation& o) {
  if (!o.asymmetric) return explore::fence(o.name);
  if (o.kind == Kind::light_fence) return;
  explore::heavy_fence(o.name);
  tell(o, 0, 0);
}

// Bytes that are not moved as one are not atomic, and must not be in another thread's hands.
void Adapter::move_bytes_weakly(const Operation& o) {
  const bool reads = o.kind == Kind::memory_read;
  if (moves_a_word(o)) {
    Location& location = at(o);
    explore::access(label_of(o), [&] {
      check_use(o);
      touch_page(o);
      tell(o, 0, 0);
      explore::at(site_of(o.where));
      word_is_used(o);
      if (reads) {
        sync::put_bits(o.other, o.size, location.load(Order::plain));
      } else {
        location.store(sync::bits_at(o.other, o.size), Order::plain);
      }
    });
    return;
  }
  Page& page = page_at(o.address);
  explore::access(label_of(o), [&] {
    check_use(o);
    tell(o, 0, 0);
    explore::at(site_of(o.where));
    (void)page.words.read();
    const std::uint64_t moves = page.whole.read();
    if (!reads) page.whole.write(moves + 1);
    bytes_move(o, !reads);
    if (!reads) (void)sync::carry_out(o);
    for (Location* word : page.known) {
      if (!overlaps(o, *word)) continue;
      if (reads) {
        (void)word->load(Order::plain);
      } else {
        word->store(sync::bits_at(word->address(), word->size()), Order::plain);
      }
    }
    if (reads) (void)sync::carry_out(o);
  });
}

}  // namespace lab::engine
