// Address space that nothing else is given.
#pragma once

#include <cstdint>

namespace cleave::detail {

/// A hint for mmap(2), where nothing lies that a kernel or a sanitizer places. What is mapped
/// without a hint comes to the highest place that is free: so what becomes free here stays free.
inline void* far_below() {
  return reinterpret_cast<void*>(std::uintptr_t{0x5510'0000'0000});  // NOLINT
}

/// Where an arena can be made in every process. Linux puts programs that can lie anywhere from
/// 0x5555'5555'4000 on, and the thread sanitizer keeps what is below 0x5500'0000'0000.
inline constexpr std::uint64_t kFreePlace = 0x5520'0000'0000;

}  // namespace cleave::detail
