// Files that hold databases, or shall: what is wrong with one, before SQLite is asked, whose words
// for it are few.
#pragma once

#include <optional>
#include <string>

namespace cleave::sqlite {

/// Why no database can be read from `path`: "No such file or directory", "it is a folder", "file is
/// not a database"; nothing if one can. Opens the file and reads its first page. May throw
/// DatabaseError (no memory).
std::optional<std::string> why_not_read(const std::string& path);

/// Why no file can be created at `path`, where none is: "No such file or directory" (its folder),
/// "Permission denied"; nothing if it can. Leaves no file behind.
std::optional<std::string> why_not_created(const std::string& path);

}  // namespace cleave::sqlite
