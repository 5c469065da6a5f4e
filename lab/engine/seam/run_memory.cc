#include "lab/engine/seam/run_memory.h"

#include <algorithm>
#include <cstring>

namespace lab::engine {
namespace {

constexpr std::size_t kPage = 4096;

constexpr std::size_t up(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace

RunMemory::RunMemory() : memory_(new std::byte[kBytes + kPage]), given_back_(kBytes / kGrain) {
  base_ = memory_.get() + (kPage - reinterpret_cast<std::uintptr_t>(memory_.get()) % kPage);
}

// The size of a block stands in the grain before it.
void* RunMemory::allocate(std::size_t bytes, std::size_t alignment) {
  const std::size_t at = up(used_ + kGrain, std::max(alignment, kGrain));
  const std::size_t size = up(std::max<std::size_t>(bytes, 1), kGrain);
  if (at + size > kBytes) return nullptr;
  used_ = at + size;
  ++blocks_;
  std::memcpy(base_ + at - sizeof size, &size, sizeof size);
  return base_ + at;
}

std::size_t RunMemory::size_of(const void* block) {
  std::size_t size = 0;
  std::memcpy(&size, static_cast<const std::byte*>(block) - sizeof size, sizeof size);
  return size;
}

void RunMemory::deallocate(void* block, std::uint64_t by) {
  if (block == nullptr) return;
  const std::size_t size = size_of(block);
  std::memset(given_back_.data() + offset(block) / kGrain, static_cast<int>(1 + by), size / kGrain);
  std::memset(block, 0xdd, size);  // who reads it without a word to the scheduler sees nonsense
  --blocks_;
}

void RunMemory::reset() {
  std::memset(given_back_.data(), 0, used_ / kGrain + 1);
  used_ = blocks_ = 0;
}

}  // namespace lab::engine
