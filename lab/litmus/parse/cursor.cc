#include "lab/litmus/parse/cursor.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace lab::litmus {
namespace {

std::string shown(const Token& token) {
  constexpr std::size_t kMost = 30;
  switch (token.kind) {
    case TokenKind::newline:
      return "the end of the line";
    case TokenKind::end:
      return "the end of the file";
    case TokenKind::text:
      return "a text in quotes";
    default:
      return fmt::format("`{}`", token.text.substr(0, kMost));
  }
}

}  // namespace

Cursor::Cursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {
  comments_ = tokens_.front().before;
}

bool Cursor::at_sign(std::string_view sign) const {
  return token().kind == TokenKind::sign && token().text == sign;
}

bool Cursor::at_name(std::string_view name) const { return at_name() && token().text == name; }

void Cursor::advance() {
  if (at_ + 1 == tokens_.size()) return;
  ++at_;
  comments_.insert(comments_.end(), token().before.begin(), token().before.end());
}

bool Cursor::accept(std::string_view sign_or_name) {
  if (!at_sign(sign_or_name) && !at_name(sign_or_name)) return false;
  advance();
  return true;
}

void Cursor::expect(std::string_view sign_or_name, std::string_view advice) {
  if (!accept(sign_or_name)) expected(fmt::format("`{}`", sign_or_name), advice);
}

std::string Cursor::any_name(std::string_view what) {
  if (!at_name()) {
    expected(what);
    return {};
  }
  std::string result = token().text;
  advance();
  return result;
}

std::string Cursor::name(std::string_view what) {
  if (at_name() && token().text.find('-') != std::string::npos) {
    fail(where(), fmt::format("`{}` cannot be the name of {}", token().text, what),
         "such a name is letters, digits and `_`");
    return {};
  }
  return any_name(what);
}

std::string Cursor::dotted(std::string_view what) {
  std::string result = any_name(what);
  while (accept(".")) result += '.' + any_name(what);
  return result;
}

std::uint64_t Cursor::number(std::string_view what) {
  if (token().kind != TokenKind::number) {
    expected(what);
    return 0;
  }
  const std::uint64_t result = token().number;
  advance();
  return result;
}

std::string Cursor::text(std::string_view what) {
  if (token().kind != TokenKind::text) {
    expected(what, "a text stands in double quotes");
    return {};
  }
  std::string result = token().text;
  advance();
  return result;
}

void Cursor::end_line(Remarks& remarks) {
  if (at_newline()) {
    remarks.after = token().text;
    advance();
  } else if (!at_sign("}") && !at_end()) {
    expected("the end of the line", "one statement a line");
  }
}

void Cursor::skip_newlines() {
  while (at_newline()) {
    if (!token().text.empty()) comments_.push_back(token().text);
    advance();
  }
}

std::vector<std::string> Cursor::comments() { return std::exchange(comments_, {}); }

void Cursor::expected(std::string_view what, std::string_view advice) {
  fail(where(), fmt::format("expected {}, found {}", what, shown(token())), std::string(advice));
}

void Cursor::fail(Where at, std::string what, std::string advice) {
  if (!diagnostic_) diagnostic_ = Diagnostic{at, std::move(what), std::move(advice)};
  at_ = tokens_.size() - 1;
}

}  // namespace lab::litmus
