// How strong an access or a fence is: C++'s memory orders, and accesses that are not atomic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

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

/// What an order is said of.
enum class Use : std::uint8_t { load, store, update, fence };

/// Where a program says an order, by a name that is the same in every run: a label, or a line of
/// its sources. Without ',', ':' and '~'.
struct Site {
  std::string at;
  Order order;
  Use use;
  bool operator==(const Site&) const = default;
};

}  // namespace lab::explore
