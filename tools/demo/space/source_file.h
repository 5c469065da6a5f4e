// The file that the demo works on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cleave::demo::space {

struct SourceFile {
  std::string path;
  std::string package;  // that installed it; empty: a file of the user's
  std::uint64_t size;
};

/// The file at `path`; an empty path: one that is there because cleave was built. Throws
/// std::runtime_error, which says what is wrong with the file and what to give instead.
SourceFile find(const std::string& path);

/// Its bytes, filled up with zeroes to a whole page, as a space shows them. Throws as find().
std::vector<std::byte> load(const SourceFile& file);

}  // namespace cleave::demo::space
