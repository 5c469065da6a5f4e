#include "s3/sign.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <openssl/evp.h>
#include <openssl/hmac.h>

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

// They fail where OpenSSL has no SHA-256, or no memory for some bytes: nothing goes on from there.
Digest sha256(std::string_view bytes) {
  Digest digest;
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
  return digest;
}

Digest hmac(std::string_view key, std::string_view message) {
  Digest digest;
  unsigned size = 0;
  const auto* const from = reinterpret_cast<const unsigned char*>(message.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), from, message.size(),
           digest.data(), &size) == nullptr) {
    std::abort();
  }
  return digest;
}

std::string_view text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
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
