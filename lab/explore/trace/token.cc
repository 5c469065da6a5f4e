// Tokens: a run in a line of text.

#include <charconv>

#include <fmt/format.h>

#include "lab/explore/trace/trace.h"

namespace lab::explore {
namespace {

constexpr unsigned kVersion = 1;

std::string text_of(const Choice& choice) {
  std::string text = fmt::format("{}", thread_of(choice.actor));
  if (is_flush(choice.actor)) text += 'f';
  if (choice.value != 0) text += fmt::format("={}", choice.value);
  return text;
}

// Reads a token from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return place_ == text_.size(); }
  bool next_is(char c) const { return !at_end() && text_[place_] == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    ++place_;
    return true;
  }
  template <typename Number>
  bool take(Number& number, int base = 10) {
    const char* const from = text_.data() + place_;
    const auto [to, error] = std::from_chars(from, text_.data() + text_.size(), number, base);
    if (error != std::errc{}) return false;
    place_ += static_cast<std::size_t>(to - from);
    return true;
  }
  std::string_view take_until(std::string_view ends) {
    const std::size_t end = std::min(text_.find_first_of(ends, place_), text_.size());
    const std::string_view taken = text_.substr(place_, end - place_);
    place_ = end;
    return taken;
  }
  [[nodiscard]] Refusal expected(std::string_view what) const {
    return {fmt::format("not a replay token: \"{}\" should have {} at character {}", text_, what,
                        place_ + 1)};
  }

 private:
  std::string_view text_;
  std::size_t place_ = 0;
};

// "2", "1f", "2=1"; and "x3" behind it for thrice.
std::optional<Refusal> read_choice(Reader& reader, Schedule& into) {
  unsigned thread = 0;
  if (!reader.take(thread) || thread >= kMaxThreads) return reader.expected("a thread's number");
  Choice choice{static_cast<Actor>(thread), 0};
  if (reader.take('f')) choice.actor = flush_of(static_cast<int>(thread));
  if (reader.take('=') && !reader.take(choice.value)) return reader.expected("a chosen value");
  std::uint32_t times = 1;
  if (reader.take('x') && (!reader.take(times) || times == 0 || times > 1'000'000)) {
    return reader.expected("how often the thread goes on");
  }
  into.insert(into.end(), times, choice);
  return {};
}

}  // namespace

std::string Trace::token() const {
  std::string text = fmt::format("{}:{}:{}:", kVersion, name(memory), fmt::join(drop, ","));
  for (std::size_t i = 0; i < schedule.size();) {
    std::size_t end = i + 1;
    while (end < schedule.size() && schedule[end] == schedule[i]) ++end;
    if (i > 0) text += ',';
    text += text_of(schedule[i]);
    if (end > i + 1) text += fmt::format("x{}", end - i);
    i = end;
  }
  return text + fmt::format(":{:08x}", static_cast<std::uint32_t>(hash));
}

tl::expected<Token, Refusal> parse_token(std::string_view text) {
  Reader reader{text};
  unsigned version = 0;
  if (!reader.take(version)) return tl::unexpected(reader.expected("a version"));
  if (version != kVersion) {
    return tl::unexpected(Refusal{fmt::format(
        "the replay token is of version {}, and this explorer makes version {}: explore again",
        version, kVersion)});
  }
  Token token;
  if (!reader.take(':')) return tl::unexpected(reader.expected("\":\""));
  const std::string_view memory = reader.take_until(":");
  if (memory != "sc" && memory != "tso" && memory != "ra")
    return tl::unexpected(reader.expected("\"sc\", \"tso\" or \"ra\""));
  token.memory = memory == "sc" ? Memory::sc : memory == "tso" ? Memory::tso : Memory::ra;
  if (!reader.take(':')) return tl::unexpected(reader.expected("\":\""));
  while (!reader.at_end() && !reader.next_is(':')) {
    token.drop.emplace_back(reader.take_until(",:"));
    reader.take(',');
  }
  if (!reader.take(':')) return tl::unexpected(reader.expected("\":\""));
  if (!reader.next_is(':')) {
    do {
      if (auto refusal = read_choice(reader, token.schedule)) return tl::unexpected(*refusal);
    } while (reader.take(','));
  }
  if (!reader.take(':') || !reader.take(token.hash, 16) || !reader.at_end()) {
    return tl::unexpected(reader.expected("\":\" and a hash of up to eight digits"));
  }
  return token;
}

tl::expected<Trace, Refusal> replay(const Factory& factory, std::string_view text) {
  const auto token = parse_token(text);
  if (!token) return tl::unexpected(token.error());
  Options options;
  options.memory = token->memory;
  options.drop = token->drop;
  auto trace = record(factory, options, token->schedule);
  if (trace && static_cast<std::uint32_t>(trace->hash) != token->hash) {
    return tl::unexpected(
        Refusal{"the replay token is stale: the program takes other steps now than when the token "
                "was made. Explore again"});
  }
  return trace;
}

}  // namespace lab::explore
