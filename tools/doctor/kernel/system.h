// What files and descriptors of the system tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cleave::doctor {

/// A descriptor that is closed at the end; -1: none.
class Descriptor {
 public:
  explicit Descriptor(long number) noexcept : number_(static_cast<int>(number)) {}
  Descriptor(Descriptor&& from) noexcept : number_(std::exchange(from.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// Nothing: the file cannot be read, or is empty.
std::optional<std::string> first_line(const std::string& path);
/// Nothing: what the file begins with is no number.
std::optional<std::uint64_t> number_in(const std::string& path);
/// What follows "key:" in a file of /proc that has a line a figure; a number without its unit.
std::optional<std::string> field(const char* path, std::string_view key);
std::optional<std::uint64_t> number_field(const char* path, std::string_view key, int base = 10);
/// The word in brackets, as in "always [madvise] never".
std::optional<std::string> chosen_in(const std::string& path);

/// Whether this process has a capability, by its number in linux/capability.h.
bool has_capability(int number);
/// Whether a seccomp filter decides on this process's system calls.
bool is_filtered();
/// Whether such a filter may have given that errno: it answers with either of two.
bool is_by_filter(int error);

/// As in "64 MiB".
std::string bytes_text(std::uint64_t bytes);
/// Why a system call was refused: the filter, where it may have been that.
std::string refusal_text(int error);
/// The word for an errno.
std::string error_text(int error);

}  // namespace cleave::doctor
