// The database as a commit of a repository of images, and back. `cleave image` does it: so the
// shell links no store, and a database is the same image as its file.
#pragma once

#include <string>

#include "adapters/sqlite/connection.h"

namespace cleave::shell {

/// Makes what `database` holds the commit that `ref` names in `repository`; what `cleave image
/// push` said. Throws DatabaseError; what was the matter stands on standard error then.
std::string push(sqlite::Connection& database, const std::string& repository,
                 const std::string& ref, const std::string& message);

/// Makes `database` what that commit is. Throws as push(), and nothing has changed.
void pull(sqlite::Connection& database, const std::string& repository, const std::string& ref);

}  // namespace cleave::shell
