// Memory that costs nothing until it is touched, for what a pool has of each of its frames.
#pragma once

#include <cstdint>

namespace cleave::detail {

/// Zeroed by the kernel as it is touched: a pool of many TiB costs what it uses. nullptr, with
/// errno: no address space.
void* reserve_zeroed(std::uint64_t bytes) noexcept;
/// A part that is about to be written: the kernel makes the pages in it at once, which takes it a
/// third of what it takes to make them as each is touched. Where it does not, they are.
void fill_reserved(void* part, std::uint64_t bytes) noexcept;
/// `memory`: of so many bytes, or null.
void give_back_reserved(void* memory, std::uint64_t bytes) noexcept;

}  // namespace cleave::detail
