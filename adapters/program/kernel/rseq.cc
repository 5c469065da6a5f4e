#include "adapters/program/kernel/rseq.h"

#include <cstring>

extern "C" {
// glibc's, from 2.35 on.
[[gnu::weak]] extern const std::ptrdiff_t __rseq_offset;  // NOLINT
[[gnu::weak]] extern const unsigned int __rseq_size;      // NOLINT
}

namespace cleave::program {
namespace {

// Of the kernel's struct rseq: cpu_id_start and cpu_id; node_id and mm_cid. What lies between is
// the program's.
constexpr std::size_t kBytes = 32;
constexpr std::size_t kProcessor = 0;
constexpr std::size_t kNode = 20;

}  // namespace

std::span<std::byte> written_by_the_kernel() noexcept {
  if (&__rseq_size == nullptr || __rseq_size == 0) return {};
  return {static_cast<std::byte*>(__builtin_thread_pointer()) + __rseq_offset, kBytes};
}

ProcessorKept::ProcessorKept() noexcept {
  const auto bytes = written_by_the_kernel();
  if (bytes.empty()) return;
  std::memcpy(processor_.data(), &bytes[kProcessor], processor_.size());
  std::memcpy(node_.data(), &bytes[kNode], node_.size());
}

ProcessorKept::~ProcessorKept() {
  const auto bytes = written_by_the_kernel();
  if (bytes.empty()) return;
  std::memcpy(&bytes[kProcessor], processor_.data(), processor_.size());
  std::memcpy(&bytes[kNode], node_.data(), node_.size());
}

}  // namespace cleave::program
