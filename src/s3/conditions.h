// Whether a store keeps the conditions of a write, without which it has no refs.
#pragma once

#include <string>

#include <cleave/error.h>

#include "s3/client.h"

namespace cleave::detail::s3 {

/// How If-Match wants an ETag: radosgw before its version 17 knows none in quotes.
enum class Quotes { as_given, none };

/// The header's value for an ETag as it was given.
std::string if_match(const std::string& etag, Quotes quotes);

/// Tries them at an object of its own, which is removed. Errors: unsupported (they are ignored or
/// not known), io.
Result<Quotes> try_conditions(Client& client);

}  // namespace cleave::detail::s3
