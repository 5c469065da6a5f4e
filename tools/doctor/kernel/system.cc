#include "tools/doctor/kernel/system.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

namespace cleave::doctor {

Descriptor::~Descriptor() {
  if (number_ >= 0) (void)close(number_);
}

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

namespace {

std::optional<std::uint64_t> as_number(const std::string& text, int base) {
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(text.c_str(), &end, base);
  if (end == text.c_str()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::uint64_t> number_in(const std::string& path) {
  const auto line = first_line(path);
  return line ? as_number(*line, 10) : std::nullopt;
}

std::optional<std::string> field(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') continue;
    const std::size_t value = line.find_first_not_of(" \t", key.size() + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_field(const char* path, std::string_view key, int base) {
  const auto text = field(path, key);
  return text ? as_number(*text, base) : std::nullopt;
}

std::optional<std::string> chosen_in(const std::string& path) {
  auto line = first_line(path);
  if (!line) return std::nullopt;
  const std::size_t from = line->find('[');
  const std::size_t to = line->find(']');
  if (from == std::string::npos || to == std::string::npos || to < from) return line;
  return line->substr(from + 1, to - from - 1);
}

bool has_capability(int number) {
  const auto all = number_field("/proc/self/status", "CapEff", 16);
  return all && (*all >> number & 1) != 0;
}

bool is_filtered() { return number_field("/proc/self/status", "Seccomp").value_or(0) == 2; }

bool is_by_filter(int error) { return (error == EPERM || error == ENOSYS) && is_filtered(); }

std::string refusal_text(int error) {
  if (!is_by_filter(error)) return error_text(error);
  return error == EPERM ? "forbidden by this process's seccomp filter"
                        : "not in the kernel, or forbidden by this process's seccomp filter";
}

std::string bytes_text(std::uint64_t bytes) {
  const auto in = [bytes](unsigned shift) {
    return static_cast<double>(bytes) / static_cast<double>(std::uint64_t{1} << shift);
  };
  if (bytes < std::uint64_t{1} << 10) return fmt::format("{} B", bytes);
  if (bytes < std::uint64_t{1} << 20) return fmt::format("{:.4g} KiB", in(10));
  if (bytes < std::uint64_t{1} << 30) return fmt::format("{:.4g} MiB", in(20));
  if (bytes < std::uint64_t{1} << 40) return fmt::format("{:.4g} GiB", in(30));
  return fmt::format("{:.4g} TiB", in(40));
}

std::string error_text(int error) { return std::strerror(error); }

}  // namespace cleave::doctor
