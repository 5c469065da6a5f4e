// Requests to a bucket: signed, within a time, and made again where that may help.
#pragma once

#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <cleave/error.h>

#include "s3/http.h"
#include "s3/sign.h"
#include "s3/target.h"

namespace cleave::detail::s3 {

struct Question {
  std::string method;
  std::string key;                      ///< without the prefix; empty: the bucket itself
  std::vector<Parameter> query = {};    ///< of the bucket
  std::vector<Parameter> headers = {};  ///< besides those that each request has
  View body = {};
  std::uint64_t most = 0;  ///< bytes of an answer's body
};

struct Answer {
  Response response;
  /// An earlier try may have been done: that the store refuses now may be that one's doing.
  bool repeated = false;

  [[nodiscard]] bool is_good() const { return response.status / 100 == 2; }
  [[nodiscard]] bool is_not_there() const { return response.status == 404; }
  [[nodiscard]] bool is_refused_by_condition() const { return response.status == 412; }
  [[nodiscard]] bool is_beyond_the_end() const { return response.status == 416; }
};

using Clock = std::function<std::time_t()>;

class Client {
 public:
  Client(Target target, Clock clock)
      : target_(std::move(target)), clock_(std::move(clock)), http_(target_.certificates) {}

  /// An answer is good, or says 404 (of a key), 412 or 416. All others are errors of code io.
  Result<Answer> ask(const Question& question);

  [[nodiscard]] const std::string& prefix() const { return target_.prefix; }

 private:
  Request signed_request(const Question& question) const;

  Target target_;
  Clock clock_;
  std::time_t ahead_ = 0;  ///< of our clock the server's is, as far as it has told
  Http http_;
};

}  // namespace cleave::detail::s3
