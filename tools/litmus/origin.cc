// Who made a report, when, and by which command.
#include <cstdlib>
#include <ctime>

#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

// As a shell reads it.
std::string quoted(const std::string& word) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=,./:@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + '\'';
}

// SOURCE_DATE_EPOCH, for who wants the same bytes again; else now.
std::time_t moment() {
  const char* said = std::getenv("SOURCE_DATE_EPOCH");  // NOLINT(concurrency-mt-unsafe)
  return said != nullptr ? static_cast<std::time_t>(std::strtoll(said, nullptr, 10))
                         : std::time(nullptr);
}

}  // namespace

lab::report::Origin origin_of(const std::vector<std::string>& words) {
  lab::report::Origin origin;
  origin.by = "cleave " CLEAVE_VERSION;
  std::tm day{};
  const std::time_t now = moment();
  gmtime_r(&now, &day);
  std::string text(16, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%d", &day));
  origin.on = text;
  origin.command = "cleave litmus";
  for (const std::string& word : words) origin.command += ' ' + quoted(word);
  return origin;
}

}  // namespace cleave::litmus
