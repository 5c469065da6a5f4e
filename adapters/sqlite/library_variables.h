// SQLite's variables outside of any connection. They are not rolled back, so nothing in them may
// point into memory that is.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace cleave::sqlite {

/// The words in the writable segments of the SQLite library that point into `memory`, each as
/// "libsqlite3.so.0+0x1234". None is as it should be between calls. Empty where SQLite is linked
/// statically: the program's own variables would be among them. Cost: some microseconds.
std::vector<std::string> pointers_from_library(std::span<const std::byte> memory);

}  // namespace cleave::sqlite
