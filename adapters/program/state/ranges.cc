#include "adapters/program/state/ranges.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>

#include "adapters/program/kernel/raw.h"
#include "adapters/program/memory/kernel_maps.h"
#include "adapters/program/own/image.h"
#include "adapters/program/own/memory.h"

namespace cleave::program {
namespace {

std::span<std::byte> span_of(std::uintptr_t first, std::uintptr_t end) {
  return {reinterpret_cast<std::byte*>(first), end - first};
}

/// A stack grows into what lies below it, an arena does not: it gets its full length now.
std::uintptr_t lowest_of_stack(const KernelMap& stack) {
  constexpr rlim_t kUnlimited = rlim_t{64} << 20;
  rlimit limit{};
  (void)getrlimit(RLIMIT_STACK, &limit);
  const rlim_t bytes = std::min(limit.rlim_cur, kUnlimited) & ~rlim_t{4095};
  const std::uintptr_t lowest = stack.end - bytes;
  if (lowest >= stack.first) return stack.first;
  const long at =
      raw::map(reinterpret_cast<void*>(lowest), stack.first - lowest, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  return raw::is_error(at) ? stack.first : lowest;
}

void add(std::vector<std::span<std::byte>>& ranges, std::uintptr_t first, std::uintptr_t end) {
  if (first >= end) return;
  const auto range = span_of(first, end);
  if (!ranges.empty() && ranges.back().data() + ranges.back().size() == range.data()) {
    ranges.back() = {ranges.back().data(), ranges.back().size() + range.size()};
  } else {
    ranges.push_back(range);
  }
}

}  // namespace

// To the kernel, neighbours that are alike are one mapping: this library's variables, and what the
// loader has allocated behind them.
std::optional<std::vector<std::span<std::byte>>> ranges_of_state() {
  const auto maps = kernel_maps();
  if (!maps) return std::nullopt;
  const OwnImage own = own_image();
  std::vector<std::span<std::byte>> ranges;
  for (const KernelMap& map : *maps) {
    if (!map.writable || map.shared) continue;
    if (own::contains(reinterpret_cast<const void*>(map.first))) continue;
    const std::uintptr_t first = map.path == "[stack]" ? lowest_of_stack(map) : map.first;
    add(ranges, first, std::min(map.end, std::max(first, own.first)));
    add(ranges, std::max(first, std::min(map.end, own.end)), map.end);
  }
  return ranges;
}

}  // namespace cleave::program
