// What becomes of the program's memory calls; the answers are the kernel's.
#pragma once

#include <cstddef>

namespace cleave::program {

/// Whose mapping it is. The loader puts pieces of a library side by side: all of them have to be
/// where they can go back. A program that maps a file to read it gets the kernel's mapping.
enum class Mapper : unsigned char { program, loader };

long map_for_program(void* at, std::size_t bytes, int protection, int flags, int file, long offset,
                     Mapper mapper = Mapper::program) noexcept;
long unmap_for_program(void* at, std::size_t bytes) noexcept;
long protect_for_program(void* at, std::size_t bytes, int protection) noexcept;
long advise_for_program(void* at, std::size_t bytes, int advice) noexcept;
long remap_for_program(void* at, std::size_t old_bytes, std::size_t bytes, int flags,
                       void* to) noexcept;

}  // namespace cleave::program
