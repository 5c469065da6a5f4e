#include <cleave/detail/explored.h>

#ifdef CLEAVE_EXPLORED

#include <cstring>

namespace cleave::detail::sync {
namespace {

// All threads of control of a run are fibers of one thread of the system.
thread_local Scheduler* current = nullptr;

// The bits of a value of so many bytes.
std::uint64_t cut(std::uint64_t bits, std::size_t size) noexcept {
  return size >= sizeof bits ? bits : bits & ~(~std::uint64_t{0} << (8 * size));
}

}  // namespace

std::uint64_t after(const Operation& o, std::uint64_t now) noexcept {
  switch (o.kind) {
    case Kind::store:
    case Kind::exchange:
    case Kind::memory_store:
    case Kind::memory_exchange:
    case Kind::lock:
    case Kind::unlock:
      return o.argument;
    case Kind::compare_exchange:
    case Kind::memory_compare_exchange:
      return now == o.expected ? o.argument : now;
    case Kind::fetch_add:
    case Kind::add:
    case Kind::memory_fetch_add:
      return cut(now + o.argument, o.size);
    default:
      return now;
  }
}

Scheduler* scheduler() noexcept { return current; }

Scheduler* install(Scheduler* next) noexcept {
  Scheduler* previous = current;
  current = next;
  return previous;
}

std::uint64_t bits_at(const void* address, std::size_t size) noexcept {
  std::uint64_t bits = 0;
  std::memcpy(&bits, address, size);
  return bits;
}

void put_bits(void* address, std::size_t size, std::uint64_t bits) noexcept {
  std::memcpy(address, &bits, size);
}

std::uint64_t carry_out(const Operation& o) noexcept {
  switch (o.kind) {
    case Kind::light_fence:
    case Kind::heavy_fence:
      return 0;
    case Kind::memory_read:
      std::memcpy(o.other, o.address, o.size);
      return 0;
    case Kind::memory_write:
      if (o.other == nullptr) {
        std::memset(o.address, 0, o.size);
      } else if (o.other != o.address) {
        std::memcpy(o.address, o.other, o.size);
      }
      return 0;
    default:
      break;
  }
  const std::uint64_t now = bits_at(o.address, o.size);
  const std::uint64_t next = after(o, now);
  if (next != now) put_bits(o.address, o.size, next);
  return now;
}

}  // namespace cleave::detail::sync

#endif
