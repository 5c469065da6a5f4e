// How strong an access or a fence is: C++'s memory orders, and accesses that are not atomic.
#pragma once

#include <cstdint>

namespace lab::explore {

enum class Order : std::uint8_t { plain, relaxed, acquire, release, acq_rel, seq_cst };

constexpr bool acquires(Order order) { return order == Order::acquire || order >= Order::acq_rel; }
constexpr bool releases(Order order) { return order >= Order::release; }

/// What a compare-exchange of that order has of it when it fails, and only reads.
constexpr Order failing(Order order) {
  return order == Order::acq_rel   ? Order::acquire
         : order == Order::release ? Order::relaxed
                                   : order;
}

/// "plain", "relaxed", ... "seq_cst".
[[nodiscard]] constexpr const char* name(Order order) {
  constexpr const char* kNames[] = {"plain", "relaxed", "acquire", "release", "acq_rel", "seq_cst"};
  return kNames[static_cast<std::size_t>(order)];
}

}  // namespace lab::explore
