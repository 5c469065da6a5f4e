#include "adapters/program/memory/kernel_maps.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "adapters/program/kernel/text_of.h"

namespace cleave::program {
namespace {

// "7f01-7f02 rw-p 00000000 08:01 1234   /a path"
KernelMap parsed(std::string_view line) {
  KernelMap map{};
  const char* at = line.data();
  const char* end = at + line.size();
  at = std::from_chars(at, end, map.first, 16).ptr + 1;
  at = std::from_chars(at, end, map.end, 16).ptr + 1;
  map.readable = at[0] == 'r';
  map.writable = at[1] == 'w';
  map.executable = at[2] == 'x';
  map.shared = at[3] == 's';
  std::string_view rest(at, static_cast<std::size_t>(end - at));
  constexpr int kFieldsBeforeInode = 3;
  for (int field = 0; field < kFieldsBeforeInode; ++field) {
    rest.remove_prefix(std::min(rest.find(' '), rest.size() - 1) + 1);
  }
  at = std::from_chars(rest.data(), rest.data() + rest.size(), map.inode).ptr;
  rest.remove_prefix(static_cast<std::size_t>(at - rest.data()));
  const std::size_t path = rest.find_first_not_of(' ');
  if (path != std::string_view::npos) map.path = rest.substr(path);
  return map;
}

}  // namespace

std::optional<std::vector<KernelMap>> kernel_maps() {
  const auto whole = text_of("/proc/self/maps");
  if (!whole) return std::nullopt;
  const std::string_view text = *whole;
  std::vector<KernelMap> maps;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end - at > 20) maps.push_back(parsed(text.substr(at, end - at)));
    at = end + 1;
  }
  return maps;
}

}  // namespace cleave::program
