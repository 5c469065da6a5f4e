#include <cleave/detail/explored.h>

#ifdef CLEAVE_EXPLORED

namespace cleave::detail::sync {
namespace {
thread_local Scheduler* current = nullptr;
thread_local std::uint64_t locations = 0;

// The one pool of an exploring thread. Its locations lie above those of all atomics.
constexpr std::uint64_t kMemory = std::uint64_t{1} << 48;
thread_local const char* memory_base = nullptr;
thread_local std::uint64_t memory_bytes = 0;
}  // namespace

Scheduler* scheduler() noexcept { return current; }

Scheduler* install(Scheduler* next) noexcept {
  Scheduler* previous = current;
  current = next;
  locations = 0;
  return previous;
}

std::uint64_t next_location() noexcept { return ++locations; }

void register_memory(const void* base, std::uint64_t bytes) noexcept {
  memory_base = static_cast<const char*>(base);
  memory_bytes = bytes;
}

std::uint64_t memory_location(const void* address) noexcept {
  const auto offset = static_cast<std::uint64_t>(static_cast<const char*>(address) - memory_base);
  return offset < memory_bytes ? kMemory + offset : kMemory - 1;
}

}  // namespace cleave::detail::sync

#endif
