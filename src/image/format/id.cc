#include "image/format/id.h"

// Deprecated are these for EVP, which looks its functions up, each time, in what the process's exit
// takes away: a thread that still hashes then would find none.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <cleave/image/id.h>

namespace cleave {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::string ImageId::hex() const {
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[static_cast<unsigned>(byte) >> 4];
    text += kDigits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

std::optional<ImageId> ImageId::parse(std::string_view text) {
  ImageId id;
  if (text.size() != 2 * id.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const std::size_t high = kDigits.find(text[2 * i]);
    const std::size_t low = kDigits.find(text[2 * i + 1]);
    if (high == kDigits.npos || low == kDigits.npos) return std::nullopt;
    id.bytes[i] = static_cast<std::byte>(high << 4 | low);
  }
  return id;
}

namespace detail::image {

ImageId hash(View bytes) {
  ImageId id;
  SHA256_CTX state;
  (void)SHA256_Init(&state);
  (void)SHA256_Update(&state, bytes.data(), bytes.size());
  (void)SHA256_Final(reinterpret_cast<unsigned char*>(id.bytes.data()), &state);
  return id;
}

}  // namespace detail::image
}  // namespace cleave
