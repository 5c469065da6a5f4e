#include "rados/target.h"

#include <algorithm>

#include "base/fail.h"

namespace cleave::detail::rados {
namespace {

constexpr std::string_view kScheme = "rados://";

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

Result<Target> target_of(std::string_view url) {
  Target target{"admin", {}, {}};
  bool is_one = url.starts_with(kScheme);
  if (is_one) url.remove_prefix(kScheme.size());
  if (const std::size_t at = url.find('@'); at != url.npos) {
    target.user = url.substr(0, at);
    url.remove_prefix(at + 1);
  }
  const std::size_t slash = url.find('/');
  target.pool = url.substr(0, slash);
  if (slash != url.npos) {
    target.space = url.substr(slash + 1);
    is_one = is_one && is_name(target.space);
  }
  if (is_one && is_name(target.user) && is_name(target.pool)) return target;
  return fail(Errc::bad_argument,
              "a store of RADOS is named rados://POOL, rados://POOL/NAMESPACE or "
              "rados://USER@POOL/NAMESPACE, each of [A-Za-z0-9._-]");
}

}  // namespace cleave::detail::rados
