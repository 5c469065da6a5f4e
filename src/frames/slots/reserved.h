// Memory that costs nothing until it is touched, for what a pool has of each of its frames.
#pragma once

#include <cstdint>

namespace cleave::detail {

/// Zeroed by the kernel as it is touched: a pool of many TiB costs what it uses. nullptr, with
/// errno: no address space.
void* reserve_zeroed(std::uint64_t bytes) noexcept;
/// `memory`: of so many bytes, or null.
void give_back_reserved(void* memory, std::uint64_t bytes) noexcept;

}  // namespace cleave::detail
