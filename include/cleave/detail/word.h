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

/// What a scheduler of an explored build says to an operation on the word at `at`.
template <Word T>
Answer asked(Kind kind, std::memory_order order, const std::byte* at, Line where,
             std::uint64_t argument = 0, std::uint64_t expected = 0) noexcept {
  if constexpr (kExplored) {
    Operation operation{kind};
    operation.order = order;
    operation.size = sizeof(T);
    operation.address = const_cast<std::byte*>(at);
    operation.argument = argument;
    operation.expected = expected;
    operation.where = where;
    return ask(operation);
  }
  return {};
}

/// acquire: pairs with store_word and the read-modify-writes of other threads of the program.
template <Word T>
T load_word(const std::byte* from, Line where = Line()) noexcept {
  using Bits = bits_of_word::BitsOf<T>;
  const Answer a = asked<T>(Kind::memory_load, std::memory_order_acquire, from, where);
  if (a.given) return bits_of_word::value<T>(static_cast<Bits>(a.bits));
  return bits_of_word::value<T>(
      __atomic_load_n(reinterpret_cast<const Bits*>(from), __ATOMIC_ACQUIRE));
}

/// release: pairs with load_word.
template <Word T>
void store_word(std::byte* to, T value, Line where = Line()) noexcept {
  const auto bits = bits_of_word::bits(value);
  if (asked<T>(Kind::memory_store, std::memory_order_release, to, where, bits).given) return;
  __atomic_store_n(reinterpret_cast<bits_of_word::BitsOf<T>*>(to), bits, __ATOMIC_RELEASE);
}

/// seq_cst. Gives what was there.
template <IntegerWord T>
T fetch_add_word(std::byte* at, T delta, Line where = Line()) noexcept {
  const auto bits = bits_of_word::bits(delta);
  const Answer a = asked<T>(Kind::memory_fetch_add, std::memory_order_seq_cst, at, where, bits);
  if (a.given) return static_cast<T>(a.bits);
  return static_cast<T>(
      __atomic_fetch_add(reinterpret_cast<bits_of_word::BitsOf<T>*>(at), bits, __ATOMIC_SEQ_CST));
}

/// seq_cst, strong. Gives what was there: `expected` exactly when the exchange happened.
template <Word T>
T compare_exchange_word(std::byte* at, T expected, T desired, Line where = Line()) noexcept {
  bits_of_word::BitsOf<T> seen = bits_of_word::bits(expected);
  const auto bits = bits_of_word::bits(desired);
  const Answer a =
      asked<T>(Kind::memory_compare_exchange, std::memory_order_seq_cst, at, where, bits, seen);
  if (a.given) return bits_of_word::value<T>(static_cast<bits_of_word::BitsOf<T>>(a.bits));
  (void)__atomic_compare_exchange_n(reinterpret_cast<bits_of_word::BitsOf<T>*>(at), &seen, bits,
                                    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return bits_of_word::value<T>(seen);
}

/// Asks for the cache line of `address`, which will be written soon. Loops over counts of scattered
/// frames ask for all of them first: a locked operation waits for its line alone, prefetches wait
/// together.
inline void prefetch_for_write(const void* address) noexcept { __builtin_prefetch(address, 1); }
inline void prefetch_for_read(const void* address) noexcept { __builtin_prefetch(address, 0); }

/// Lets the scheduler of an explored build move so many bytes. False: there is none.
inline bool moved(Kind kind, const void* at, const void* other, std::size_t bytes,
                  Line where) noexcept {
  if constexpr (kExplored) {
    Operation operation{kind};
    operation.size = bytes;
    operation.address = const_cast<void*>(at);
    operation.other = const_cast<void*>(other);
    operation.where = where;
    return ask(operation).given;
  }
  return false;
}

inline void read_bytes(std::byte* to, const std::byte* from, std::size_t bytes,
                       Line where = Line()) noexcept {
  if (!moved(Kind::memory_read, from, to, bytes, where)) std::memcpy(to, from, bytes);
}
inline void write_bytes(std::byte* to, const std::byte* from, std::size_t bytes,
                        Line where = Line()) noexcept {
  if (!moved(Kind::memory_write, to, from, bytes, where)) std::memcpy(to, from, bytes);
}

/// In an explored build the bytes move when they are read, and that they were written is said in a
/// step of its own: no other thread knows the new page yet.
inline void copy_page(std::byte* to, const std::byte* from, std::size_t bytes,
                      Line where = Line()) noexcept {
  read_bytes(to, from, bytes, where);
  (void)moved(Kind::memory_write, to, to, bytes, where);
}
/// Of a page that a thread may be writing to: what is read counts only if it turns out that none
/// was. ThreadSanitizer is not to look: the race is the point.
#if defined(__GNUC__)
__attribute__((no_sanitize("thread")))
#endif
inline void
copy_unstable_page(std::byte* to, const std::byte* from, std::size_t bytes,
                   Line where = Line()) noexcept {
  if (moved(Kind::memory_read, from, to, bytes, where)) return;
  for (std::size_t at = 0; at < bytes; at += sizeof(std::uint64_t)) {
    const std::uint64_t word =
        __atomic_load_n(reinterpret_cast<const std::uint64_t*>(from + at), __ATOMIC_RELAXED);
    std::memcpy(to + at, &word, sizeof word);
  }
}
/// The same without a copy: where to read such a page, by load_unstable_word(). In an explored
/// build the bytes move at one moment, to `aside`.
inline const std::byte* unstable_page(const std::byte* page, std::size_t bytes, std::byte* aside,
                                      Line where = Line()) noexcept {
  return moved(Kind::memory_read, page, aside, bytes, where) ? aside : page;
}
#if defined(__GNUC__)
__attribute__((no_sanitize("thread")))
#endif
inline std::uint64_t
load_unstable_word(const std::byte* at) noexcept {
  return __atomic_load_n(reinterpret_cast<const std::uint64_t*>(at), __ATOMIC_RELAXED);
}
inline void zero_page(std::byte* page, std::size_t bytes, Line where = Line()) noexcept {
  if (!moved(Kind::memory_write, page, nullptr, bytes, where)) std::memset(page, 0, bytes);
}

}  // namespace cleave::detail::sync
