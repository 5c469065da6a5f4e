// A place in the tokens of a file, for the functions that read its parts. After the first failure
// the cursor stands at the end and stays there, so that they need not ask after each step.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/litmus/diagnostic.h"
#include "lab/litmus/parse/lexer.h"

namespace lab::litmus {

class Cursor {
 public:
  explicit Cursor(std::vector<Token> tokens);

  [[nodiscard]] const Token& token() const { return tokens_[at_]; }
  [[nodiscard]] const Token& following() const {
    return tokens_[std::min(at_ + 1, tokens_.size() - 1)];
  }
  [[nodiscard]] Where where() const { return token().at; }
  [[nodiscard]] bool at_end() const { return token().kind == TokenKind::end; }
  [[nodiscard]] bool at_sign(std::string_view sign) const;
  [[nodiscard]] bool at_name(std::string_view name) const;
  [[nodiscard]] bool at_name() const { return token().kind == TokenKind::name; }
  [[nodiscard]] bool at_newline() const { return token().kind == TokenKind::newline; }

  void advance();
  /// Steps over the sign or name if it is there.
  bool accept(std::string_view sign_or_name);
  /// Steps over it, or fails: "expected `=`, found `}`".
  void expect(std::string_view sign_or_name, std::string_view advice = "");
  /// A name of letters, digits and `_`; `what` says of what, for the failure.
  std::string name(std::string_view what);
  /// A name that may also hold `-`.
  std::string any_name(std::string_view what);
  /// Names with dots between: `C.exit`.
  std::string dotted(std::string_view what);
  std::uint64_t number(std::string_view what);
  std::string text(std::string_view what);
  /// Steps over the end of the line, if it is the end of the line (or a `}` ends it).
  void end_line(Remarks& remarks);
  void skip_newlines();
  /// The comments above the token, and all before it that no line has taken.
  std::vector<std::string> comments();

  /// Fails at the token: "expected `what`, found ...".
  void expected(std::string_view what, std::string_view advice = "");
  void fail(Where at, std::string what, std::string advice);
  [[nodiscard]] const std::optional<Diagnostic>& diagnostic() const { return diagnostic_; }

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::vector<std::string> comments_;
  std::optional<Diagnostic> diagnostic_;
};

}  // namespace lab::litmus
