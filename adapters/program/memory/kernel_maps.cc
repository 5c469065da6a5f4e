#include "adapters/program/memory/kernel_maps.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "adapters/program/kernel/raw.h"

namespace cleave::program {
namespace {

std::string all_of(const char* path) {
  std::string text;
  const long file = raw::call(SYS_openat, AT_FDCWD, raw::as_word(path), O_RDONLY | O_CLOEXEC);
  if (file < 0) return text;
  for (;;) {
    constexpr std::size_t kStep = 65536;
    const std::size_t had = text.size();
    text.resize(had + kStep);
    const long got = raw::call(SYS_read, file, raw::as_word(text.data() + had), kStep);
    text.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got <= 0 && got != -EINTR) break;
  }
  (void)raw::call(SYS_close, file);
  return text;
}

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

std::vector<KernelMap> kernel_maps() {
  const std::string text = all_of("/proc/self/maps");
  std::vector<KernelMap> maps;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end - at > 20) maps.push_back(parsed(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  return maps;
}

}  // namespace cleave::program
