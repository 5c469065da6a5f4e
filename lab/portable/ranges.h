// The algorithms on whole ranges that the laboratory uses, as C++20 has them in std::ranges. The
// standard library that it is compiled with for the browser does not have those yet. Rooms that are
// not compiled for it use std::ranges.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace lab::ranges {

/// What an element is, where no projection is given: itself.
struct Itself {
  template <typename T>
  constexpr T&& operator()(T&& value) const noexcept {
    return std::forward<T>(value);
  }
};

/// The first element whose projection equals `value`, or the end.
template <typename Range, typename Value, typename Projection = Itself>
constexpr auto find(Range&& range, const Value& value, Projection projection = {}) {
  return std::find_if(std::begin(range), std::end(range), [&](const auto& element) {
    return std::invoke(projection, element) == value;
  });
}

/// The first element that the predicate holds of, or the end.
template <typename Range, typename Predicate>
constexpr auto find_if(Range&& range, Predicate predicate) {
  return std::find_if(std::begin(range), std::end(range), std::move(predicate));
}

template <typename Range, typename Predicate>
constexpr bool all_of(Range&& range, Predicate predicate) {
  return std::all_of(std::begin(range), std::end(range), std::move(predicate));
}

template <typename Range, typename Predicate>
constexpr bool any_of(Range&& range, Predicate predicate) {
  return std::any_of(std::begin(range), std::end(range), std::move(predicate));
}

template <typename Range, typename Predicate>
constexpr bool none_of(Range&& range, Predicate predicate) {
  return std::none_of(std::begin(range), std::end(range), std::move(predicate));
}

/// How many elements have a projection that equals `value`.
template <typename Range, typename Value, typename Projection = Itself>
constexpr auto count(Range&& range, const Value& value, Projection projection = {}) {
  return std::count_if(std::begin(range), std::end(range), [&](const auto& element) {
    return std::invoke(projection, element) == value;
  });
}

template <typename Range, typename Predicate>
constexpr auto count_if(Range&& range, Predicate predicate) {
  return std::count_if(std::begin(range), std::end(range), std::move(predicate));
}

/// Of a sorted range, the first element that is not less than `value`, or the end.
template <typename Range, typename Value>
constexpr auto lower_bound(Range&& range, const Value& value) {
  return std::lower_bound(std::begin(range), std::end(range), value);
}

template <typename Range, typename Order = std::less<>>
constexpr void sort(Range&& range, Order order = {}) {
  std::sort(std::begin(range), std::end(range), order);
}

/// Sorts by projections, and leaves those that are equal as they stood.
template <typename Range, typename Order = std::less<>, typename Projection = Itself>
constexpr void stable_sort(Range&& range, Order order = {}, Projection projection = {}) {
  std::stable_sort(std::begin(range), std::end(range), [&](const auto& a, const auto& b) {
    return order(std::invoke(projection, a), std::invoke(projection, b));
  });
}

}  // namespace lab::ranges
