// What the kernel itself writes to the program's memory, whenever it likes (rseq(2)): which
// processor the thread runs on.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace cleave::program {

/// Empty: nothing (before glibc 2.35, or it was told not to).
std::span<std::byte> written_by_the_kernel() noexcept;

/// Keeps it true over a checkout, which would bring the processor of long ago: the kernel writes it
/// anew only when the thread moves. At the end it is asked where the thread runs by then; what
/// cannot be asked for is as it was at the beginning.
class ProcessorKept {
 public:
  ProcessorKept() noexcept;
  ~ProcessorKept();
  ProcessorKept(const ProcessorKept&) = delete;
  ProcessorKept& operator=(const ProcessorKept&) = delete;

 private:
  std::array<std::byte, 8> processor_{};
  std::array<std::byte, 8> node_{};  ///< and the number that the kernel gives among the threads
};

}  // namespace cleave::program
