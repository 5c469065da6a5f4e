#include "adapters/python/runtime/choice.h"

#include <pybind11/pybind11.h>

namespace cleave::python {
namespace {

[[noreturn]] void refuse(const char* what, const std::string& word, const std::string& words) {
  throw pybind11::value_error(std::string(what) + " is one of " + words + ", not \"" + word + "\"");
}

}  // namespace

Protection protection_named(const std::string& word) {
  if (word == "none") return Protection::none;
  if (word == "read") return Protection::read;
  if (word == "read_write") return Protection::read_write;
  refuse("protection", word, R"("none", "read", "read_write")");
}

PinAccess pin_access_named(const std::string& word) {
  if (word == "read") return PinAccess::read;
  if (word == "write") return PinAccess::write;
  refuse("access", word, R"("read", "write")");
}

PinTerm pin_term_named(const std::string& word) {
  if (word == "short") return PinTerm::short_term;
  if (word == "long") return PinTerm::long_term;
  refuse("term", word, R"("short", "long")");
}

Tracking tracking_word(const std::string& word) {
  if (word == name(Tracking::automatic)) return Tracking::automatic;
  if (const auto found = tracking_named(word)) return *found;
  std::string words = "\"automatic\"";
  for (const Tracking each : trackings()) words += std::string(", \"") + name(each) + '"';
  refuse("tracking", word, words);
}

}  // namespace cleave::python
