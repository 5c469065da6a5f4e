// The program's own bytes, which threads share as they please. Words of 1, 2, 4 or 8 bytes on their
// natural alignment are single atomic accesses; anything else is a plain copy, and two threads that
// race on the same bytes race as they would on ordinary memory.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <cleave/detail/explored.h>

namespace cleave::detail::sync {

/// What can be one machine word: trivially copyable, of 1, 2, 4 or 8 bytes.
template <class T>
concept Word = std::is_trivially_copyable_v<T> &&
    (sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8);

/// A word that can be added to.
template <class T>
concept IntegerWord = Word<T> && std::integral<T> && !std::same_as<T, bool>;

namespace bits_of_word {
template <std::size_t size>
struct Bits;
template <>
struct Bits<1> {
  using type = std::uint8_t;
};
template <>
struct Bits<2> {
  using type = std::uint16_t;
};
template <>
struct Bits<4> {
  using type = std::uint32_t;
};
template <>
struct Bits<8> {
  using type = std::uint64_t;
};
template <Word T>
using BitsOf = typename Bits<sizeof(T)>::type;

template <Word T>
BitsOf<T> bits(T value) noexcept {
  BitsOf<T> result;
  std::memcpy(&result, &value, sizeof result);
  return result;
}
template <Word T>
T value(BitsOf<T> bits) noexcept {
  T result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}
}  // namespace bits_of_word

/// acquire: pairs with store_word and the read-modify-writes of other threads of the program.
template <Word T>
T load_word(const std::byte* from) noexcept {
  announce({.kind = Kind::memory_load, .location = memory_location(from), .argument = sizeof(T)});
  return bits_of_word::value<T>(
      __atomic_load_n(reinterpret_cast<const bits_of_word::BitsOf<T>*>(from), __ATOMIC_ACQUIRE));
}

/// release: pairs with load_word.
template <Word T>
void store_word(std::byte* to, T value) noexcept {
  announce({.kind = Kind::memory_store, .location = memory_location(to), .argument = sizeof(T)});
  __atomic_store_n(reinterpret_cast<bits_of_word::BitsOf<T>*>(to), bits_of_word::bits(value),
                   __ATOMIC_RELEASE);
}

/// seq_cst. Gives what was there.
template <IntegerWord T>
T fetch_add_word(std::byte* at, T delta) noexcept {
  announce({.kind = Kind::memory_update, .location = memory_location(at), .argument = sizeof(T)});
  return static_cast<T>(__atomic_fetch_add(reinterpret_cast<bits_of_word::BitsOf<T>*>(at),
                                           bits_of_word::bits(delta), __ATOMIC_SEQ_CST));
}

/// seq_cst, strong. Gives what was there: `expected` exactly when the exchange happened.
template <Word T>
T compare_exchange_word(std::byte* at, T expected, T desired) noexcept {
  announce({.kind = Kind::memory_update, .location = memory_location(at), .argument = sizeof(T)});
  bits_of_word::BitsOf<T> seen = bits_of_word::bits(expected);
  (void)__atomic_compare_exchange_n(reinterpret_cast<bits_of_word::BitsOf<T>*>(at), &seen,
                                    bits_of_word::bits(desired), false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
  return bits_of_word::value<T>(seen);
}

/// Asks for the cache line of `address`, which will be written soon. Loops over counts of scattered
/// frames ask for all of them first: a locked operation waits for its line alone, prefetches wait
/// together.
inline void prefetch_for_write(const void* address) noexcept { __builtin_prefetch(address, 1); }
inline void prefetch_for_read(const void* address) noexcept { __builtin_prefetch(address, 0); }

/// In an explored build the read is announced, then copied at once. copy_page() tells of the
/// writing half afterwards: no other thread knows the new page yet.
inline void read_bytes(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  announce({.kind = Kind::memory_load, .location = memory_location(from), .argument = bytes});
  std::memcpy(to, from, bytes);
}
inline void write_bytes(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  announce({.kind = Kind::memory_store, .location = memory_location(to), .argument = bytes});
  std::memcpy(to, from, bytes);
}

inline void copy_page(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  read_bytes(to, from, bytes);
  announce({.kind = Kind::memory_store, .location = memory_location(to), .argument = bytes});
}
inline void zero_page(std::byte* page, std::size_t bytes) noexcept {
  announce({.kind = Kind::memory_store, .location = memory_location(page), .argument = bytes});
  std::memset(page, 0, bytes);
}

}  // namespace cleave::detail::sync
