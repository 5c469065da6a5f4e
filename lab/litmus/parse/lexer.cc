#include "lab/litmus/parse/lexer.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace lab::litmus {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Longer signs first.
constexpr std::string_view kSigns[] = {"->", "..", "!=", "<=", ">=", "/\\", "\\/", "{", "}", "(",
                                       ")",  "[",  "]",  "=",  ":",  ";",   ",",   ".", "~", "-"};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_(text) {}

  tl::expected<std::vector<Token>, Diagnostic> tokens() {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // some editors begin with it
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
    while (!rest_.empty() && !diagnostic_) one();
    if (diagnostic_) return tl::unexpected(std::move(*diagnostic_));
    newline("");
    add(TokenKind::end, at_, "");
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t i = 0) const { return i < rest_.size() ? rest_[i] : '\0'; }

  // Takes `count` characters of one line.
  std::string_view take(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    at_.column += static_cast<std::uint32_t>(taken.size());
    return taken;
  }

  // How many bytes the character takes that the rest begins with; 0: it is none in UTF-8.
  [[nodiscard]] std::size_t character() const {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(peek(i)); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first < 0xc2   ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
    for (std::size_t i = 1; i < size; ++i)
      if ((byte(i) & 0xc0) != 0x80) return 0;
    // Neither a longer form than needed, nor half of a pair, nor beyond the last.
    const bool wrong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                       (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
    return wrong ? 0 : size;
  }

  // Before a character of a text or a comment. False: it has failed.
  bool readable() {
    if (character() != 0) return true;
    fail(at_, fmt::format("the byte 0x{:02x} is no UTF-8", static_cast<unsigned char>(peek())),
         "save the file as UTF-8; it looks like Latin-1, or is no text");
    return false;
  }

  void next_line() {
    rest_.remove_prefix(1);
    ++at_.line;
    at_.column = 1;
  }

  void fail(Where at, std::string what, std::string advice) {
    diagnostic_ = Diagnostic{at, std::move(what), std::move(advice)};
  }

  void add(TokenKind kind, Where at, std::string text, std::uint64_t number = 0) {
    tokens_.push_back({kind, at, std::move(text), number, std::exchange(comments_, {})});
    line_has_tokens_ = kind != TokenKind::newline;
  }

  void newline(std::string comment) {
    if (line_has_tokens_) {
      add(TokenKind::newline, at_, std::move(comment));
    } else if (!comment.empty()) {
      comments_.push_back(std::move(comment));
    }
  }

  void one() {
    const char c = peek();
    if (c == '\n') {
      newline("");
      next_line();
    } else if (is_space(c)) {
      take(1);
    } else if (c == '#') {
      comment();
    } else if (c == '"') {
      text();
    } else if (is_letter(c)) {
      name();
    } else if (is_digit(c)) {
      number();
    } else {
      sign();
    }
  }

  void comment() {
    const Where at = at_;
    const std::string_view line = rest_.substr(0, rest_.find('\n'));
    const std::string_view before = rest_;
    while (before.size() - rest_.size() < line.size()) {
      if (!readable()) return;
      take(character());
    }
    std::string_view words = line;
    words.remove_prefix(1);
    while (!words.empty() && is_space(words.back())) words.remove_suffix(1);
    while (!words.empty() && is_space(words.front())) words.remove_prefix(1);
    for (const char c : words)
      if (is_control(c) && c != '\t') return fail(at, "a control character in a comment", "");
    newline(words.empty() ? " " : std::string(words));
  }

  // Whitespace of any kind counts as one space, so that a text can be laid out anew.
  void text() {
    const Where at = at_;
    std::string words;
    bool space = false;
    take(1);
    while (peek() != '"') {
      if (rest_.empty())
        return fail(at, "this text has no end", "close it with a double quote: \"");
      char c = peek();
      if (c == '\n' || is_space(c)) {
        c == '\n' ? next_line() : void(take(1));
        space = true;
        continue;
      }
      if (is_control(c)) return fail(at_, "a control character in a text", "leave it out");
      if (!readable()) return;
      if (c == '\\') {
        take(1);
        c = peek();
        if (c != '"' && c != '\\')
          return fail(at_, "after `\\` a text can have `\"` or `\\`",
                      "write `\\\\` for a backslash");
      }
      if (space && !words.empty()) words += ' ';
      space = false;
      words += take(character());
    }
    take(1);
    add(TokenKind::text, at, std::move(words));
  }

  void name() {
    const Where at = at_;
    std::size_t size = 1;
    while (is_letter(peek(size)) || is_digit(peek(size)) ||
           (peek(size) == '-' && (is_letter(peek(size + 1)) || is_digit(peek(size + 1)))))
      ++size;
    add(TokenKind::name, at, std::string(take(size)));
  }

  void number() {
    const Where at = at_;
    std::size_t size = 0;
    while (is_letter(peek(size)) || is_digit(peek(size))) ++size;
    const std::string_view all = take(size);
    const bool hexadecimal = all.starts_with("0x");
    const std::string_view digits = hexadecimal ? all.substr(2) : all;
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
    if (error == std::errc::result_out_of_range)
      return fail(at, fmt::format("the number {} is too large", all.substr(0, 40)),
                  "the largest is 18446744073709551615");
    if (error != std::errc{} || end != digits.data() + digits.size())
      return fail(at, fmt::format("`{}` is neither a number nor a name", all.substr(0, 40)),
                  "a number is decimal, or hexadecimal after 0x; a name begins with a letter");
    add(TokenKind::number, at, std::string(all), value);
  }

  void sign() {
    const Where at = at_;
    for (const std::string_view sign : kSigns)
      if (rest_.starts_with(sign)) {
        take(sign.size());
        return add(TokenKind::sign, at, std::string(sign));
      }
    const char c = peek();
    fail(at,
         c > 0x20 && c < 0x7f ? fmt::format("`{}` means nothing here", c)
                              : std::string("a character that no test has"),
         "names are letters, digits and `_`; texts stand in double quotes; comments begin with #");
  }

  std::string_view rest_;
  Where at_{1, 1};
  std::vector<Token> tokens_;
  std::vector<std::string> comments_;
  bool line_has_tokens_ = false;
  std::optional<Diagnostic> diagnostic_;
};

}  // namespace

tl::expected<std::vector<Token>, Diagnostic> tokens_of(std::string_view text) {
  if (text.size() > kLargestFile)
    return tl::unexpected(
        Diagnostic{{1, 1}, "the file is larger than 1 MiB", "split it: one test a file"});
  return Lexer(text).tokens();
}

}  // namespace lab::litmus
