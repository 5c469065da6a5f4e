#include "s3/client.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "base/fail.h"
#include "base/uncancelled.h"

namespace cleave::detail::s3 {
namespace {

using Now = std::chrono::steady_clock;

constexpr int kMostTries = 6;
// A try leaves time for others: a server that hangs may be another one next time.
constexpr int kTriesInATimeout = 2;

// Of the pauses of many clients no two are the same.
milliseconds pause_after(int tries, milliseconds first) {
  const std::int64_t longest = first.count() << tries;
  std::uint64_t random = 0;
  (void)getrandom(&random, sizeof random, 0);
  return milliseconds(longest / 2 + static_cast<std::int64_t>(random % 1000) * longest / 2000);
}

void sleep_for(milliseconds time) {
  const timespec moment{time.count() / 1000, time.count() % 1000 * 1'000'000};
  (void)nanosleep(&moment, nullptr);
}

bool says(const Response& response, std::string_view code) {
  const std::string_view body(reinterpret_cast<const char*>(response.body.data()),
                              response.body.size());
  return body.find("<Code>" + std::string(code) + "</Code>") != body.npos;
}

bool may_pass(const Response& response) {
  const long status = response.status;
  if (status == 501 || status == 507) return false;  // not known, and full: it stays so
  return status >= 500 || status == 429 || status == 408 || status == 409;
}

bool is_answer(const Response& response) {
  const long status = response.status;
  return status / 100 == 2 || status == 412 || status == 416 ||
         (status == 404 && !says(response, "NoSuchBucket"));
}

tl::unexpected<Error> refused(const Response& response) {
  const auto io = [](const char* what, int system) {
    return fail(Errc::io, what, Address{0}, system);
  };
  switch (response.status) {
    case 301:
    case 307:
      return io("the bucket is in another region, or at another endpoint: set AWS_REGION", EREMOTE);
    case 400:
      return io("the S3 store does not understand the request (400): look at region and endpoint",
                EINVAL);
    case 401:
    case 403:
      if (says(response, "QuotaExceeded")) {
        return io("the S3 store's quota is used up; remove something, or ask for more", EDQUOT);
      }
      return io(
          "the S3 store refuses these keys, or what they ask for; look at "
          "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy",
          EACCES);
    case 404:
      return io("the S3 store has no such bucket; make it first", ENOENT);
    case 501:
      return io("the S3 store does not know what is asked for (501)", EOPNOTSUPP);
    case 507:
      return io("the S3 store is full", ENOSPC);
    default:
      return io("the S3 store answers with errors; try again later, or look at its log", EREMOTEIO);
  }
}

}  // namespace

Request Client::signed_request(const Question& question) const {
  const std::string date = amz_date(clock_() + ahead_);
  Signable form;
  form.method = question.method;
  form.path = target_.path;
  if (!question.key.empty()) form.path += target_.prefix + question.key;
  form.query = question.query;
  form.payload =
      sha256_hex({reinterpret_cast<const char*>(question.body.data()), question.body.size()});
  form.headers = question.headers;
  form.headers.push_back({"host", target_.host});
  form.headers.push_back({"x-amz-content-sha256", form.payload});
  form.headers.push_back({"x-amz-date", date});
  if (!target_.credentials.session_token.empty()) {
    form.headers.push_back({"x-amz-security-token", target_.credentials.session_token});
  }
  Request request;
  request.method = question.method;
  request.url = target_.origin + form.path;
  if (!form.query.empty()) request.url += "?" + encoded(form.query);
  request.body = question.body;
  request.most = question.most;
  for (const Parameter& header : form.headers) {
    request.headers.push_back(header.name + ": " + header.value);
  }
  request.headers.push_back("Authorization: " +
                            authorization(form, target_.credentials, target_.region, date));
  request.headers.emplace_back("Content-Type: application/octet-stream");
  return request;
}

Result<Answer> Client::ask(const Question& question) {
  const Uncancelled here;
  const auto deadline = Now::now() + target_.timeout;
  bool repeated = false;
  bool clock_was_set = false;
  Error last{Errc::io, "the S3 store did not answer in time", Address{0}, ETIMEDOUT};
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Now::now());
    if (left <= milliseconds(0)) break;
    Request request = signed_request(question);
    request.timeout = tries == 0 ? left / kTriesInATimeout : left;
    auto response = http_.send(request);
    if (response && is_answer(*response)) return Answer{std::move(*response), repeated};
    // Signatures are good for some minutes around the server's time, whatever ours says.
    if (response && says(*response, "RequestTimeTooSkewed") && response->date && !clock_was_set) {
      ahead_ = *response->date - clock_();
      clock_was_set = true;
      continue;
    }
    if (response && !may_pass(*response)) return refused(*response);
    last = response ? refused(*response).value()
                    : Error{Errc::io, response.error().what, Address{0}, response.error().system};
    if (!response && !response.error().may_pass) break;
    repeated = true;
    const milliseconds pause = pause_after(tries, target_.first_pause);
    if (Now::now() + pause >= deadline) break;
    sleep_for(pause);
  }
  return tl::unexpected(last);
}

}  // namespace cleave::detail::s3
