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

// A folder's name may hold anything.
std::string escaped(std::string_view title) {
  std::string text;
  for (const char c : title) text += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return text;
}

}  // namespace

std::string whole(const Parts& parts, const Json& data) {
  std::string page = with(parts.skeleton, "/*TITLE*/", escaped(parts.title));
  page = with(page, "/*STYLE*/", parts.style);
  page = with(page, "/*SCRIPT*/", parts.script);
  // The data last: nothing is looked for in it.
  return with(page, "/*DATA*/", inlined(data));
}

}  // namespace lab::page
