#include "backing/compressed/packing.h"

#include <lz4.h>

#include <cstring>

#include <cleave/units.h>

namespace cleave::detail::backing {
namespace {

constexpr int kPage = static_cast<int>(kPageSize);

const char* chars(const std::byte* bytes) { return reinterpret_cast<const char*>(bytes); }
char* chars(std::byte* bytes) { return reinterpret_cast<char*>(bytes); }

}  // namespace

std::uint64_t packing_bytes() noexcept { return static_cast<std::uint64_t>(LZ4_sizeofState()); }

std::uint32_t pack(const std::byte* page, std::span<std::byte> into, std::byte* memory) noexcept {
  const int bytes = LZ4_compress_fast_extState(memory, chars(page), chars(into.data()), kPage,
                                               static_cast<int>(into.size()), 1);
  return bytes > 0 ? static_cast<std::uint32_t>(bytes) : 0;
}

bool unpack(std::span<const std::byte> packed, std::byte* page) noexcept {
  return LZ4_decompress_safe(chars(packed.data()), chars(page), static_cast<int>(packed.size()),
                             kPage) == kPage;
}

std::optional<std::uint64_t> only_word(const std::byte* page) noexcept {
  std::uint64_t word;
  std::memcpy(&word, page, sizeof word);
  // Equal to itself, one word further on.
  if (std::memcmp(page, page + sizeof word, kPageSize - sizeof word) != 0) return std::nullopt;
  return word;
}

void fill(std::byte* page, std::uint64_t word) noexcept {
  for (std::size_t at = 0; at < kPageSize; at += sizeof word) {
    std::memcpy(page + at, &word, sizeof word);
  }
}

}  // namespace cleave::detail::backing
