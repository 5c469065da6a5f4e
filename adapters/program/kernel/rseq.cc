#include "adapters/program/kernel/rseq.h"

#include <cstdint>
#include <cstring>

#include "adapters/program/kernel/raw.h"

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

struct Place {
  std::uint32_t processor, node;
  friend bool operator==(const Place&, const Place&) = default;
};

/// Where the thread runs.
Place place_now() noexcept {
  Place now{};
  (void)raw::call(SYS_getcpu, raw::as_word(&now.processor), raw::as_word(&now.node));
  return now;
}

void write(std::span<std::byte> bytes, const Place& place) noexcept {
  const std::array<std::uint32_t, 2> twice{place.processor, place.processor};
  std::memcpy(&bytes[kProcessor], twice.data(), sizeof twice);
  std::memcpy(&bytes[kNode], &place.node, sizeof place.node);
}

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
  std::int32_t processor = 0;
  std::memcpy(&processor, &processor_[sizeof processor], sizeof processor);
  if (processor < 0) return;  // the kernel does not write it at all
  // A move between question and writing would be overwritten; after the last question, the kernel
  // writes it itself.
  Place written{};
  do {
    written = place_now();
    write(bytes, written);
  } while (place_now() != written);
}

}  // namespace cleave::program
