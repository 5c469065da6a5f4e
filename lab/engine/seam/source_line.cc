#include "lab/engine/seam/source_line.h"

#include <fstream>
#include <map>
#include <mutex>
#include <vector>

namespace lab::engine {

using cleave::detail::sync::Kind;

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::load:
      return "load";
    case Kind::store:
      return "store";
    case Kind::exchange:
      return "exchange";
    case Kind::compare_exchange:
      return "compare-exchange";
    case Kind::fetch_add:
      return "fetch-add";
    case Kind::add:
      return "add";
    case Kind::light_fence:
      return "light fence";
    case Kind::heavy_fence:
      return "heavy fence";
    case Kind::lock:
      return "lock";
    case Kind::unlock:
      return "unlock";
    case Kind::wait:
      return "wait";
    case Kind::memory_load:
      return "load from a frame";
    case Kind::memory_store:
      return "store to a frame";
    case Kind::memory_exchange:
    case Kind::memory_compare_exchange:
    case Kind::memory_fetch_add:
      return "update of a frame";
    case Kind::memory_read:
      return "read of a frame";
    case Kind::memory_write:
      return "write of a frame";
  }
  return "";
}

std::string_view short_name(std::string_view path) {
  const std::size_t inside = path.rfind("/src/");
  if (inside != std::string_view::npos) return path.substr(inside + 5);
  for (const std::string_view root : {"/include/", "/lab/", "/tests/"}) {
    const std::size_t at = path.rfind(root);
    if (at != std::string_view::npos) return path.substr(at + 1);
  }
  return path;
}

std::string source_line(const char* path, unsigned line) {
  static std::mutex lock;
  static std::map<std::string, std::vector<std::string>, std::less<>> files;
  const std::lock_guard guard(lock);
  const auto [at, is_new] = files.try_emplace(path);
  std::vector<std::string>& lines = at->second;
  if (is_new) {
    const std::string_view inside = short_name(path);
    const std::string root = CLEAVE_SOURCES "/";
    std::ifstream file(root + "src/" + std::string(inside));
    if (!file) file.open(root + std::string(inside));
    for (std::string text; std::getline(file, text);) lines.push_back(text);
  }
  if (line == 0 || line > lines.size()) return {};
  std::string_view text = lines[line - 1];
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string() : std::string(text.substr(first));
}

}  // namespace lab::engine
