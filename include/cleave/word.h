// What an accessor loads and stores in one piece.
#pragma once

#include <concepts>
#include <type_traits>

#include <cleave/detail/config.h>

namespace cleave {

/// What can be one machine word: trivially copyable, of 1, 2, 4 or 8 bytes.
template <class T>
concept Word = std::is_trivially_copyable_v<T> &&
    (sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8);

/// A word that can be added to.
template <class T>
concept IntegerWord = Word<T> && std::integral<T> && !std::same_as<T, bool>;

}  // namespace cleave
