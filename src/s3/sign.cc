#include "s3/sign.h"

#include <algorithm>
#include <array>

// As src/image/format/id.cc: EVP, and HMAC() over it, look their functions up in what the process's
// exit takes away, while another thread may still be at a request.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace cleave::detail::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

using Digest = std::array<unsigned char, 32>;

std::string hex(const Digest& digest) {
  std::string text;
  for (const unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string_view text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest sha256(std::string_view bytes) {
  Digest digest;
  SHA256_CTX state;
  (void)SHA256_Init(&state);
  (void)SHA256_Update(&state, bytes.data(), bytes.size());
  (void)SHA256_Final(digest.data(), &state);
  return digest;
}

// RFC 2104.
Digest hmac(std::string_view key, std::string_view message) {
  constexpr std::size_t kBlock = SHA256_CBLOCK;
  std::string block(key.size() > kBlock ? text_of(sha256(key)) : key);
  block.resize(kBlock, '\0');
  std::string inner = block;
  std::string outer = block;
  for (char& byte : inner) byte = static_cast<char>(byte ^ 0x36);
  for (char& byte : outer) byte = static_cast<char>(byte ^ 0x5c);
  inner += message;
  outer += text_of(sha256(inner));
  return sha256(outer);
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

struct Canonical {
  std::string request;
  std::string signed_headers;
};

Canonical canonical(const Signable& request) {
  std::vector<Parameter> headers = request.headers;
  std::ranges::sort(headers, {}, &Parameter::name);
  std::string lines;
  std::string names;
  for (const Parameter& header : headers) {
    lines += header.name + ":" + header.value + "\n";
    if (!names.empty()) names += ";";
    names += header.name;
  }
  return {request.method + "\n" + request.path + "\n" + encoded(request.query) + "\n" + lines +
              "\n" + names + "\n" + request.payload,
          names};
}

}  // namespace

std::string sha256_hex(std::string_view bytes) { return hex(sha256(bytes)); }

std::string encoded(std::string_view text, bool keep_slashes) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && keep_slashes)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += "0123456789ABCDEF"[byte >> 4];
    out += "0123456789ABCDEF"[byte & 15];
  }
  return out;
}

std::string encoded(std::vector<Parameter> query) {
  for (Parameter& each : query) {
    each = {encoded(each.name, false), encoded(each.value, false)};
  }
  std::ranges::sort(query, {}, &Parameter::name);
  std::string text;
  for (const Parameter& each : query) {
    if (!text.empty()) text += "&";
    text += each.name + "=" + each.value;
  }
  return text;
}

std::string amz_date(std::time_t when) {
  std::tm parts{};
  (void)gmtime_r(&when, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

std::string authorization(const Signable& request, const Credentials& credentials,
                          const std::string& region, const std::string& date) {
  const Canonical form = canonical(request);
  const std::string day = date.substr(0, 8);
  const std::string scope = day + "/" + region + "/s3/aws4_request";
  const std::string to_sign =
      std::string(kAlgorithm) + "\n" + date + "\n" + scope + "\n" + sha256_hex(form.request);
  Digest key = hmac("AWS4" + credentials.secret_key, day);
  for (const std::string& part : {region, std::string("s3"), std::string("aws4_request")}) {
    key = hmac(text_of(key), part);
  }
  return std::string(kAlgorithm) + " Credential=" + credentials.access_key + "/" + scope +
         ",SignedHeaders=" + form.signed_headers + ",Signature=" + hex(hmac(text_of(key), to_sign));
}

}  // namespace cleave::detail::s3
