#include "lab/engine/seam/site.h"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "lab/engine/seam/source_line.h"

namespace lab::engine {
namespace {

// For all OS threads, since what they find is compared by these names.
std::mutex guard;
std::map<std::string, const char*, std::less<>> functions;  // by site

}  // namespace

const char* site_of(const cleave::detail::sync::Line& where) {
  thread_local std::map<std::pair<const char*, unsigned>, const char*> known;
  const char*& site = known[{where.file, where.line}];
  if (site == nullptr) {
    std::string name = fmt::format("{}@{}", short_name(where.file), where.line);
    const std::lock_guard<std::mutex> held(guard);
    site = functions.try_emplace(std::move(name), where.function).first->first.c_str();
  }
  return site;
}

const char* function_at(std::string_view site) {
  const std::lock_guard<std::mutex> held(guard);
  const auto found = functions.find(site);
  return found == functions.end() ? "" : found->second;
}

}  // namespace lab::engine
