// Signature Version 4: how a request proves to S3 who sent it.
#pragma once

#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cleave::detail::s3 {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< empty: they are for good
};

/// Of a query, or a header, whose name is in lower case.
struct Parameter {
  std::string name;
  std::string value;
};

struct Signable {
  std::string method;
  std::string path;                ///< from the first slash on, encoded
  std::vector<Parameter> query;    ///< as they are, before they are encoded
  std::vector<Parameter> headers;  ///< all that are signed, "host" among them
  std::string payload;             ///< sha256_hex() of the body
};

/// 64 digits, lower case.
std::string sha256_hex(std::string_view bytes);
/// All but letters, digits and "-._~", and slashes where they are to be kept, as %XX.
std::string encoded(std::string_view text, bool keep_slashes);
/// name=value&name=value, encoded, in the order in which they are signed.
std::string encoded(std::vector<Parameter> query);
/// As in 20130524T000000Z.
std::string amz_date(std::time_t when);

/// The value of the header "Authorization". `date` is the value of x-amz-date.
std::string authorization(const Signable& request, const Credentials& credentials,
                          const std::string& region, const std::string& date);

}  // namespace cleave::detail::s3
