// The words and signs of a test file, with the comments between them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/litmus/diagnostic.h"
#include "lab/litmus/test.h"

namespace lab::litmus {

enum class TokenKind : std::uint8_t { name, number, text, sign, newline, end };

struct Token {
  TokenKind kind = TokenKind::end;
  Where at;
  std::string text;  ///< a name, a sign, or a text's words; of a newline: the comment before it
  std::uint64_t number = 0;         ///< of a number
  std::vector<std::string> before;  ///< comments that had the lines before to themselves
};

/// The largest file that is read.
inline constexpr std::size_t kLargestFile = std::size_t{1} << 20;

/// The tokens of `text`; the last is `end`. Lines without anything but comments give no newline.
/// Fails at a character that no test has, a text without end, a number above 2^64-1, and above
/// kLargestFile.
tl::expected<std::vector<Token>, Diagnostic> tokens_of(std::string_view text);

}  // namespace lab::litmus
