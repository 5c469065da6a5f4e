// The memory of this library itself: commits, the engine, answers. It never goes back.
#pragma once

#include <cstddef>

namespace cleave::program {

/// While one lives, this library is at work: allocations are its own, and so are mappings. The
/// program is at rest then, in a signal's frame or before its start.
class AtWork {
 public:
  AtWork() noexcept;
  ~AtWork();
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;

  [[nodiscard]] static bool now() noexcept;
};

namespace own {

/// As malloc(3) and its kin. nullptr: there is no memory.
void* allocate(std::size_t bytes, std::size_t alignment) noexcept;
void* allocate_zeroed(std::size_t bytes) noexcept;
void* reallocate(void* block, std::size_t bytes) noexcept;
void deallocate(void* block) noexcept;
[[nodiscard]] std::size_t usable_size(const void* block) noexcept;
[[nodiscard]] bool contains(const void* at) noexcept;

}  // namespace own
}  // namespace cleave::program
