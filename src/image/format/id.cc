#include "image/format/id.h"

#include <cstdlib>

#include <openssl/evp.h>

#include <cleave/image/id.h>

#include "base/uncancelled.h"

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
  const Uncancelled here;  // OpenSSL reads its settings, the first time
  ImageId id;
  unsigned size = 0;
  // It fails where OpenSSL has no SHA-256, or no memory for some bytes: nothing goes on from there.
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(id.bytes.data()),
                 &size, EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
  return id;
}

}  // namespace detail::image
}  // namespace cleave
