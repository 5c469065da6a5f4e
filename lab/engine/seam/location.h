// What the explorer knows of one location of the engine's: an atomic, a lock, a word of a frame.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lab/explore/execution/run.h"

namespace lab::engine {

class Adapter;

/// Holds the value in the explorer's eyes. Whenever that changes, the bytes of the location follow.
class Location : public explore::Shared<std::uint64_t> {
 public:
  Location(Adapter& of, void* at, std::size_t bytes, bool is_address, std::uint64_t value)
      : Shared("location", value),
        adapter_(of),
        address_(at),
        size_(bytes),
        is_address_(is_address) {
    when_written(&Location::written);
  }
  // With orders, as a step says them: lab/explore/execution/atomic.h.
  using Change = Variable::Change;
  std::uint64_t load(explore::Order order) const { return load_bits(order); }
  void store(std::uint64_t bits, explore::Order order) { store_bits(bits, order); }
  std::uint64_t update(explore::Order order, const Change& change) {
    return update_bits(order, change);
  }

  [[nodiscard]] void* address() const { return address_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_address() const { return is_address_; }

 private:
  static void written(explore::Variable& variable, std::uint64_t bits, int from);

  Adapter& adapter_;
  void* const address_;
  const std::size_t size_;
  const bool is_address_;
};

}  // namespace lab::engine
