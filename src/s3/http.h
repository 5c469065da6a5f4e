// One request over HTTP, and its answer, within bounds of time and memory.
#pragma once

#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <tl/expected.hpp>

#include "base/uncancelled.h"
#include "image/format/bytes.h"

namespace cleave::detail::s3 {

using image::Bytes;
using image::View;
using std::chrono::milliseconds;

struct Request {
  std::string method;
  std::string url;
  std::vector<std::string> headers;  ///< whole lines
  View body;                         ///< of a PUT; lives until the answer is there
  std::uint64_t most = 0;            ///< bytes of an answer's body; more are an error
  milliseconds timeout{};            ///< for all of it
};

struct Response {
  long status = 0;
  Bytes body;
  std::string etag;                    ///< as it was given, quotes included
  std::optional<std::time_t> date;     ///< the server's clock
  std::optional<std::uint64_t> first;  ///< of Content-Range: where the body begins
};

/// Why there is no answer.
struct NoAnswer {
  const char* what;
  int system;     ///< errno, where there is one that says it
  bool may_pass;  ///< another try may have one
};

/// A connection, which is kept for the next request. One thread at a time.
class Http {
 public:
  /// `certificates`: a file of authorities; empty: the system's.
  explicit Http(std::string certificates);

  tl::expected<Response, NoAnswer> send(const Request& request);

 private:
  struct CloseCurl {
    void operator()(CURL* curl) const;
  };
  std::unique_ptr<CURL, CloseCurl> curl_;
  std::string certificates_;
};

}  // namespace cleave::detail::s3
