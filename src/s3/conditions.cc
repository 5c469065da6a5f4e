#include "s3/conditions.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/fail.h"
#include "image/format/random_bytes.h"

namespace cleave::detail::s3 {
namespace {

tl::unexpected<Error> ignored() {
  return fail(
      Errc::unsupported,
      "this S3 store ignores conditions (If-None-Match, If-Match), so that two pushes would "
      "overwrite each other; it can be read, and its images can be copied elsewhere");
}

tl::unexpected<Error> not_known() {
  return fail(
      Errc::unsupported,
      "this S3 store does not know conditional writes (If-None-Match, If-Match), which refs "
      "need; it can be read, and its images can be copied elsewhere");
}

/// At an object that nobody else writes, and that goes in the end.
class Trial {
 public:
  explicit Trial(Client& client) : client_(client) {
    for (const std::byte byte : image::random_bytes()) {
      key_ += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
      key_ += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
    }
  }
  ~Trial() {
    if (made_) (void)client_.ask({.method = "DELETE", .key = key_});
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  Result<Quotes> run() {
    const auto first = put("one", {"if-none-match", "*"});
    if (!first) return tl::unexpected(first.error());
    if (!*first) return not_known();
    const auto again = put("two", {"if-none-match", "*"});
    if (!again) return tl::unexpected(again.error());
    if (*again) return ignored();

    for (const Quotes quotes : {Quotes::as_given, Quotes::none}) {
      const auto second = put("two", {"if-match", if_match(**first, quotes)});
      if (!second) return tl::unexpected(second.error());
      if (!*second) continue;
      // As long as the first, and written at once: by size and time they cannot be told apart.
      if (**second == **first) return ignored();
      const auto stale = put("six", {"if-match", if_match(**first, quotes)});
      if (!stale) return tl::unexpected(stale.error());
      if (*stale) return ignored();
      return quotes;
    }
    return not_known();
  }

 private:
  using Etag = std::string;

  /// What the object's ETag is since. Nothing: it was refused.
  Result<std::optional<Etag>> put(std::string_view body, Parameter condition) {
    auto answer = client_.ask({.method = "PUT",
                               .key = key_,
                               .headers = {std::move(condition)},
                               .body = image::view_of(body)});
    made_ = made_ || answer;
    if (!answer && answer.error().system == EOPNOTSUPP) return std::optional<Etag>();
    if (!answer) return tl::unexpected(answer.error());
    if (answer->is_good()) return std::optional(std::move(answer->response.etag));
    if (!answer->repeated) return std::optional<Etag>();
    // It may be refused for what its first try has done.
    answer = client_.ask({.method = "GET", .key = key_, .most = body.size()});
    if (!answer) return tl::unexpected(answer.error());
    if (!std::ranges::equal(answer->response.body, image::view_of(body))) {
      return std::optional<Etag>();
    }
    return std::optional(std::move(answer->response.etag));
  }

  Client& client_;
  std::string key_ = "trials/";
  bool made_ = false;
};

}  // namespace

std::string if_match(const std::string& etag, Quotes quotes) {
  if (quotes == Quotes::as_given || etag.size() < 2 || etag.front() != '"') return etag;
  return etag.substr(1, etag.size() - 2);
}

Result<Quotes> try_conditions(Client& client) { return Trial(client).run(); }

}  // namespace cleave::detail::s3
