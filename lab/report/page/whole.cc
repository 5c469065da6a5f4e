#include <nlohmann/json.hpp>

#include "lab/report/page/page.h"

namespace lab::page {
namespace {

using Json = nlohmann::ordered_json;

// JSON that can stand in a script element: nothing in it looks like the end of one.
std::string inlined(const Json& data) {
  std::string text;
  for (const char c : data.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<')  // Stands in strings only.
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

std::string with(std::string_view text, std::string_view mark, std::string_view instead) {
  const std::size_t at = text.find(mark);
  return std::string(text.substr(0, at)).append(instead).append(text.substr(at + mark.size()));
}

}  // namespace

std::string whole(std::string_view skeleton, std::string_view style, std::string_view script,
                  const Json& data) {
  // The data last: nothing is looked for in it.
  return with(with(with(skeleton, "/*STYLE*/", style), "/*SCRIPT*/", script), "/*DATA*/",
              inlined(data));
}

}  // namespace lab::page
