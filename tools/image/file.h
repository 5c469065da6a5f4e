// A file as a commit of a repository, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <cleave/image/repository.h>

namespace cleave::command::image {

/// Pushes what the file holds, as pages from address 0 on. Throws: it cannot be read; it changed
/// meanwhile; it is an SQLite database part of which lies in a file beside it; the push failed.
PushedImage push_file(Repository& repository, const std::string& path, const std::string& ref,
                      const std::string& message);

/// Writes a commit to a new file, which appears whole or not at all; its size. Holes stay holes.
/// Throws: there is such a file and `replace` is not given; the commit is of no file; it cannot be
/// written.
std::uint64_t write_file(Repository& repository, const ImageId& commit, const std::string& path,
                         bool replace);

/// How long the file is that a commit is of. Nothing: it is of no file, or does not fit what the
/// commit says of its pages.
std::optional<std::uint64_t> size_of_file(const ImageRecord& record);

}  // namespace cleave::command::image
