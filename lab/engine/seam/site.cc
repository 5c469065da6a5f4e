#include "lab/engine/seam/site.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "lab/engine/seam/source_line.h"

namespace lab::engine {

const char* site_of(const cleave::detail::sync::Line& where) {
  // One for all OS threads, since what they find is compared by these names; looked up by each in
  // a map of its own first.
  static std::mutex guard;
  static std::map<std::string, int> all;
  thread_local std::map<std::pair<const char*, unsigned>, const char*> known;
  const char*& site = known[{where.file, where.line}];
  if (site == nullptr) {
    const std::lock_guard<std::mutex> held(guard);
    site = all.try_emplace(fmt::format("{}@{}", short_name(where.file), where.line))
               .first->first.c_str();
  }
  return site;
}

}  // namespace lab::engine
