// A page made smaller, and a page again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace cleave::detail::backing {

/// Memory that pack() works in.
std::uint64_t packing_bytes() noexcept;

/// Puts what `page` compresses to into `into`; how many bytes that is, 0: they do not fit. Random
/// bytes are given up after 0.8 us, a sixth of what a page of a database takes: looking at a sample
/// of them first saved nothing (docs/reference/backing.md).
std::uint32_t pack(const std::byte* page, std::span<std::byte> into, std::byte* memory) noexcept;

/// Whether a page came out of it, which is all of `page` then. Any thread, any bytes.
bool unpack(std::span<const std::byte> packed, std::byte* page) noexcept;

/// The word that all of a page consists of, if it does.
std::optional<std::uint64_t> only_word(const std::byte* page) noexcept;
void fill(std::byte* page, std::uint64_t word) noexcept;

}  // namespace cleave::detail::backing
