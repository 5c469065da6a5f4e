// The memory of one run of the engine: handed out from the front, given back all at once. Runs that
// do the same get the same addresses, and what was given back in a run is known for the rest of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lab::engine {

class RunMemory {
 public:
  static constexpr std::size_t kBytes = std::size_t{1} << 20;

  RunMemory();
  /// nullptr: the run has used up all of it.
  void* allocate(std::size_t bytes, std::size_t alignment);
  /// `block`: from allocate(), once; `by`: who gives it back, below 255.
  void deallocate(void* block, std::uint64_t by);
  /// Of a block from allocate().
  [[nodiscard]] static std::size_t size_of(const void* block);
  /// Forgets all blocks.
  void reset();

  [[nodiscard]] bool has(const void* address) const { return offset(address) < kBytes; }
  /// Of what is here: the same in every run that does the same.
  [[nodiscard]] std::size_t offset(const void* address) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(address) - base_);
  }
  [[nodiscard]] std::byte* at(std::size_t offset) const { return base_ + offset; }
  [[nodiscard]] bool was_given_back(const void* address) const {
    return given_back_[offset(address) / kGrain] != 0;
  }
  [[nodiscard]] bool was_given_back_by(std::uint64_t one, const void* address) const {
    return given_back_[offset(address) / kGrain] == one + 1;
  }
  /// Blocks that were not given back.
  [[nodiscard]] std::size_t blocks() const { return blocks_; }

 private:
  static constexpr std::size_t kGrain = 16;

  std::unique_ptr<std::byte[]> memory_;
  std::byte* base_;  // on a page
  std::size_t used_ = 0;
  std::size_t blocks_ = 0;
  std::vector<std::uint8_t> given_back_;  // a byte a grain: 1 + by whom
};

}  // namespace lab::engine
