#include "s3/target.h"

#include <algorithm>
#include <cstdlib>

#include "base/fail.h"

namespace cleave::detail::s3 {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::size_t kMostPrefix = 512;  // of the 1024 bytes that a key may have

std::string from_environment(const std::string& given, std::initializer_list<const char*> names) {
  if (!given.empty()) return given;
  for (const char* const name : names) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && is_lower_or_digit(name.front()) &&
         is_lower_or_digit(name.back()) && std::ranges::all_of(name, [](char c) {
           return is_lower_or_digit(c) || c == '-' || c == '.';
         });
}

// Nothing in it has to be encoded, or means something to a path.
bool is_prefix(std::string_view prefix) {
  if (prefix.size() > kMostPrefix) return false;
  while (!prefix.empty()) {
    const std::string_view part = prefix.substr(0, prefix.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    if (!std::ranges::all_of(part, [](char c) {
          return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
        })) {
      return false;
    }
    if (part.size() == prefix.size()) return true;
    prefix.remove_prefix(part.size() + 1);
    if (prefix.empty()) return false;
  }
  return true;
}

// Of what is signed, nothing may end a line; an endpoint is a scheme and a host, with a port or
// without one.
bool is_endpoint(std::string_view endpoint) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!endpoint.starts_with(scheme)) continue;
    const std::string_view host = endpoint.substr(scheme.size());
    return !host.empty() && std::ranges::all_of(host, [](char c) {
      return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':' ||
             c == '[' || c == ']';
    });
  }
  return false;
}

bool is_token(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

// As a client says it, the host has no port that goes without saying.
std::string host_of(const std::string& origin) {
  const std::string host = origin.substr(origin.find("//") + 2);
  const std::string_view usual = origin.starts_with("https") ? ":443" : ":80";
  return host.ends_with(usual) ? host.substr(0, host.size() - usual.size()) : host;
}

}  // namespace

Result<Target> target_of(std::string_view url, const S3Options& options) {
  if (!url.starts_with(kScheme)) {
    return fail(Errc::bad_argument, "a store of S3 is named s3://BUCKET or s3://BUCKET/PREFIX");
  }
  url.remove_prefix(kScheme.size());
  const std::string bucket(url.substr(0, url.find('/')));
  std::string prefix(url.substr(std::min(url.size(), bucket.size() + 1)));
  if (prefix.ends_with('/')) prefix.pop_back();
  if (!is_bucket(bucket) || !is_prefix(prefix)) {
    return fail(Errc::bad_argument,
                "a store of S3 is named s3://BUCKET or s3://BUCKET/PREFIX; a bucket has 3 to 63 of "
                "[a-z0-9.-], a prefix parts of [A-Za-z0-9._-] between slashes");
  }
  Target target;
  target.prefix = prefix.empty() ? "" : prefix + "/";
  target.timeout = options.timeout;
  target.region = from_environment(options.region, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (target.region.empty()) target.region = "us-east-1";
  target.certificates = from_environment(options.certificates, {"AWS_CA_BUNDLE"});
  Credentials& keys = target.credentials;
  keys.access_key = from_environment(options.access_key, {"AWS_ACCESS_KEY_ID"});
  keys.secret_key = from_environment(options.secret_key, {"AWS_SECRET_ACCESS_KEY"});
  keys.session_token = options.access_key.empty()
                           ? from_environment(options.session_token, {"AWS_SESSION_TOKEN"})
                           : options.session_token;
  if (keys.access_key.empty() || keys.secret_key.empty()) {
    return fail(Errc::bad_argument,
                "no keys of S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or S3Options");
  }
  if (!is_token(keys.access_key) || !is_token(keys.session_token) || !is_token(target.region)) {
    return fail(Errc::bad_argument, "a key, token or region of S3 has letters that none can have");
  }
  std::string endpoint =
      from_environment(options.endpoint, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  if (endpoint.ends_with('/')) endpoint.pop_back();
  const std::string amazon = "s3." + target.region + ".amazonaws.com";
  // A certificate's star stands for one part of a name: not for a bucket with dots.
  const bool host_names_bucket = endpoint.empty() && bucket.find('.') == bucket.npos;
  if (endpoint.empty()) endpoint = "https://" + (host_names_bucket ? bucket + "." : "") + amazon;
  target.origin = endpoint;
  target.path = host_names_bucket ? "/" : "/" + bucket + "/";
  if (!is_endpoint(target.origin)) {
    return fail(Errc::bad_argument,
                "an endpoint of S3 is http:// or https:// and a host, as http://127.0.0.1:7480");
  }
  target.host = host_of(target.origin);
  return target;
}

}  // namespace cleave::detail::s3
