// What was explored, in a line that is made from what was done, and stands in the documents.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lab::engine {

/// So many, to two digits, as the last ones change with any line of the engine: 1,300,000.
inline std::string about(std::uint64_t number) {
  std::uint64_t unit = 1;
  while (number / unit >= 100) unit *= 10;
  std::string digits = std::to_string(number / unit * unit);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

/// Prints the line, and fails where docs/explanation/engine-judge.md does not have it.
inline void expect_in_the_documents(const std::string& line) {
  fmt::print("explored: {}\n", line);
  const std::string path = CLEAVE_PAGES "/explanation/engine-judge.md";
  std::ifstream file(path);
  bool found = false;
  for (std::string text; std::getline(file, text);) found = found || text == "- " + line;
  EXPECT_TRUE(found) << path << " says what is explored, and lacks this line:\n- " << line;
}

}  // namespace lab::engine
